import 'reflect-metadata';
import { loadConfig, unknownSettings } from '@strongroom/config';
import { refuseUnsafeStart } from '@strongroom/service';
import { configSchema } from './config.js';
import { startStandalone } from './standalone.js';

try {
  refuseUnsafeStart(configSchema);
  const unknown = unknownSettings(configSchema);
  if (unknown.length > 0)
    console.warn(`No setting of this server: ${unknown.join(', ')} (docs/configuration.md has them all).`);
  const config = loadConfig(configSchema);
  const started = performance.now();
  const server = await startStandalone(config);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const environment = config.STRONGROOM_TLS ? `NODE_EXTRA_CA_CERTS=${server.dataDir}/tls/ca.pem ` : '';
  const next = server.simulator
    ? 'docs/quickstart.md connects an account at one of the simulated providers, in ten minutes.'
    : `${environment}npm run demo shows the whole path with a provider of its own; docs/quickstart.md is the way to yours.`;
  console.log(`Strongroom is ready at ${server.publicUrl} (${seconds} s, ${megabytes} MiB).

${server.hasDashboard ? pages(server.publicUrl) : ''}
  Management client   ${server.dataDir}/management
  Administrator       ${server.dataDir}/administrator
  Master key          ${server.dataDir}/master-keys   copy it to a safe place: without it nothing can be opened
${server.simulator ? simulatedLines(server.simulator.origin, server.publicUrl) : ''}
Next: ${next}
Ctrl-C stops.`);

  let stopping = false;
  const stop = (code: number) => {
    if (stopping) return;
    stopping = true;
    server.close().then(
      () => process.exit(code),
      (error: unknown) => {
        console.error('The server did not stop cleanly:', error instanceof Error ? error.message : 'unknown error');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(0));
  // Started by tools/run.mjs: when that is killed there is nobody left to pass Ctrl-C on.
  if (process.connected) process.once('disconnect', () => stop(0));
  void server.simulator?.ended.then(() => {
    if (!stopping) console.error('The provider simulator has ended. Start again; nothing acknowledged is lost.');
    stop(1);
  });
  void server.databaseEnded.then(() => {
    if (!stopping) console.error('The embedded Postgres has ended. Start again; nothing acknowledged is lost.');
    stop(1);
  });
} catch (error) {
  console.error(explained(error));
  process.exit(1);
}

function pages(publicUrl: string): string {
  return `
  Dashboard           ${publicUrl}/dashboard   sign in as the administrator below
  People's accounts   ${publicUrl}/account
`;
}

/** Nobody should take a made-up provider for the real one. */
function simulatedLines(origin: string, publicUrl: string): string {
  const { protocol, hostname } = new URL(publicUrl);
  const isPublic =
    protocol === 'https:' && hostname.includes('.') && !/^[\d.]+$|\.(?:local|test|example|internal)$/.test(hostname);
  const warning = isPublic
    ? `  WARNING: ${publicUrl} looks public, and everybody who connects an account there connects a made-up one.\n`
    : '';
  return `
  Simulated providers ${origin}   every provider of the catalogue is simulated: nothing reaches the real ones
  Sign-in page        comes up on its own when an account is connected; sign in as one of its made-up people
  Controls            ${origin}/_control/{provider}   docs/simulator.md says what they do
${warning}`;
}

/** A line that says what to do; where the fault may be ours, where it happened too. */
function explained(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is taken: end what listens there, or set STRONGROOM_PORT to another.`;
  if (code === undefined) return error.message;
  return `${error.message}\n${error.stack}`;
}

import 'reflect-metadata';
import { InvalidConfigError, loadConfig } from '@strongroom/config';
import { configSchema } from './config.js';
import { startStandalone } from './standalone.js';

try {
  const config = loadConfig(configSchema);
  const started = performance.now();
  const server = await startStandalone(config);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const environment = config.STRONGROOM_TLS ? `NODE_EXTRA_CA_CERTS=${server.dataDir}/tls/ca.pem ` : '';
  console.log(`Strongroom is ready at ${server.publicUrl} (${seconds} s, ${megabytes} MiB).

  Management client   ${server.dataDir}/management
  Administrator       ${server.dataDir}/administrator
  Master key          ${server.dataDir}/master-keys   copy it to a safe place: without it nothing can be opened

Next: ${environment}npm run demo shows the whole path with a provider of its own; README.md says how to set up yours.
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
  void server.databaseEnded.then(() => {
    if (!stopping) console.error('The embedded Postgres has ended. Start again; nothing acknowledged is lost.');
    stop(1);
  });
} catch (error) {
  // What an operator can mend is said in a line; a stack helps only where the fault is ours.
  const known = error instanceof InvalidConfigError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  console.error(known ? (error as Error).message : error);
  process.exit(1);
}

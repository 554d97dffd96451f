import { InvalidConfigError, loadConfig } from '@strongroom/config';
import { configSchema } from './config.js';
import { startSimulator } from './simulator.js';

try {
  const config = loadConfig(configSchema);
  const simulator = await startSimulator({
    port: config.STRONGROOM_SIMULATOR_PORT,
    providersFiles: config.STRONGROOM_PROVIDERS_FILE,
    fixtureFiles: config.STRONGROOM_SIMULATOR_FIXTURES,
  });
  const file = await simulator.providersFile(outIn(process.argv) ?? config.STRONGROOM_SIMULATOR_OUT);
  process.send?.({ origin: simulator.origin, providersFile: file });
  process.stdout.write(`The provider simulator listens at ${simulator.origin}

A vault speaks to it with these settings:
STRONGROOM_PROVIDERS_FILE=${[...config.STRONGROOM_PROVIDERS_FILE, file].join(',')}
STRONGROOM_EGRESS_ALLOW=${simulator.origin}
`);
  let isClosing = false;
  const close = () => {
    if (isClosing) return;
    isClosing = true;
    void simulator.close().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, close);
  // Started by another process: when that is gone, killed or not, nobody needs this one.
  if (process.connected) process.once('disconnect', close);
} catch (error) {
  const isKnown = error instanceof InvalidConfigError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  process.stderr.write(`${error instanceof Error && isKnown ? error.message : String(error)}\n`);
  process.exit(1);
}

/** `--out <file>` */
function outIn(parameters: readonly string[]): string | undefined {
  const at = parameters.indexOf('--out');
  return at < 0 ? undefined : parameters[at + 1];
}

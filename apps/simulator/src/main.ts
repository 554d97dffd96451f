import { InvalidConfigError, loadConfig } from '@strongroom/config';
import { configSchema } from './config.js';
import { startSimulator } from './simulator.js';

try {
  const simulator = await startSimulator({ port: loadConfig(configSchema).STRONGROOM_SIMULATOR_PORT });
  process.stdout.write(`The provider simulator listens at ${simulator.origin}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void simulator.close().then(() => process.exit(0)));
} catch (error) {
  const known = error instanceof InvalidConfigError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  process.stderr.write(`${known ? (error as Error).message : String(error)}\n`);
  process.exit(1);
}

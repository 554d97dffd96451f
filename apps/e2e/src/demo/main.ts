import { Installation, StandaloneServer, startSimulator } from '../driver/index.js';
import { Narrator } from './narrator.js';
import { tell } from './story.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const endings: (() => Promise<void>)[] = [];
const endAll = async (): Promise<void> => {
  for (const end of endings.splice(0).reverse()) await end().catch(() => undefined);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void endAll().then(() => process.exit(130)));

try {
  say('Strongroom, from connecting an account to disconnecting it. Everything goes over HTTP.\n');
  const simulator = await startSimulator();
  endings.push(() => simulator.stop());
  const server = await StandaloneServer.start(simulator.url);
  endings.push(() => server.remove());
  const narrator = new Narrator(say);
  narrator.happened(`Started Strongroom at ${server.url} and a simulated provider at ${simulator.url}.`);
  const installation = new Installation(server.address);
  endings.push(() => installation.close());
  await tell(installation, narrator);
  say('\nAll of it happened.');
} catch (error) {
  process.exitCode = 1;
  say(`\nThe demo failed. ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await endAll();
}

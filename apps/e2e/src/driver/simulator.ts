import { Child } from './child.js';
import { eventually } from './eventually.js';
import { furtherFiles } from './simulated-catalogue.js';

/** As long as a server may take: a busy machine starts several processes at once. */
const START_MS = 300_000;

export interface RunningSimulator {
  url: string;
  stop(): Promise<void>;
}

/** The provider simulator in a process of its own. */
export async function startSimulator(): Promise<RunningSimulator> {
  const child = Child.app('simulator', {
    STRONGROOM_SIMULATOR_PORT: '0',
    STRONGROOM_PROVIDERS_FILE: furtherFiles('STRONGROOM_PROVIDERS_FILE').join(','),
    STRONGROOM_SIMULATOR_FIXTURES: furtherFiles('STRONGROOM_TEST_PROVIDER_FIXTURES').join(','),
  });
  const address = () => Promise.resolve(/http:\/\/[\w.:]+/.exec(child.output)?.[0] ?? '');
  const url = await eventually(address, (found) => found !== '' || child.hasEnded, START_MS);
  if (!url) throw new Error(`The simulator did not start: ${child.output}`);
  return { url, stop: async () => void (await child.end()) };
}

import { Child } from './child.js';
import { eventually } from './eventually.js';

export interface RunningSimulator {
  url: string;
  stop(): Promise<void>;
}

/** The provider simulator in a process of its own. */
export async function startSimulator(): Promise<RunningSimulator> {
  const child = Child.app('simulator', { STRONGROOM_SIMULATOR_PORT: '0' });
  const address = () => Promise.resolve(/http:\/\/[\w.:]+/.exec(child.output)?.[0] ?? '');
  const url = await eventually(address, (found) => found !== '' || child.hasEnded);
  if (!url) throw new Error(`The simulator did not start: ${child.output}`);
  return { url, stop: async () => void (await child.end()) };
}

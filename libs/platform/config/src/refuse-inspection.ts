import { url } from 'node:inspector';
import { StartRefusedError } from './start-refused.error.js';

interface Started {
  execArgv: readonly string[];
  env: NodeJS.ProcessEnv;
}

/** What lets somebody else read the memory of this process, or writes it to a file. */
const OPENS_MEMORY = /^--(inspect|heapsnapshot-signal|heapsnapshot-near-heap-limit)/;
const WHY = 'shows the memory of this process, with keys and tokens; leave it out, or set NODE_ENV=development';

/** @throws StartRefusedError unless this is a developer's own process. */
export function refuseInspection({ execArgv, env }: Started = { execArgv: process.execArgv, env: process.env }): void {
  if (env['NODE_ENV'] === 'development') return;
  const opens = (parameters: readonly string[]) =>
    parameters.map((one) => one.replaceAll(/["']/g, '').replaceAll('_', '-')).find((one) => OPENS_MEMORY.test(one));
  const onCommandLine = opens(execArgv);
  if (onCommandLine) throw new StartRefusedError(nameOf(onCommandLine), WHY);
  const inOptions = opens((env['NODE_OPTIONS'] ?? '').split(/\s+/));
  if (inOptions) throw new StartRefusedError('NODE_OPTIONS', `${nameOf(inOptions)} ${WHY}`);
  if (url() !== undefined) throw new StartRefusedError('the inspector', WHY);
}

const nameOf = (parameter: string): string => parameter.split('=')[0]!;

import { run } from '../src/run.js';

export interface Said {
  code: number;
  /** Everything, on both streams. */
  text: string;
}

/** A command as an operator gives it, in an environment of its own. */
export async function strongroom(parameters: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Said> {
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  const code = await run(parameters, { say: keep, complain: keep, environment });
  return { code, text: lines.join('\n') };
}

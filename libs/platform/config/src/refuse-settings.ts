import { StartRefusedError } from './start-refused.error.js';

/**
 * For what a process must not be given although it would ignore it: a secret at the wrong place is one too many.
 *
 * @throws StartRefusedError
 */
export function refuseSettings(names: readonly string[], why: string, env: NodeJS.ProcessEnv = process.env): void {
  const given = names.flatMap((name) => [name, `${name}_FILE`]).find((name) => env[name]);
  if (given) throw new StartRefusedError(given, why);
}

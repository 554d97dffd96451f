import { type z } from 'zod';

/** Read by the tests, the bench and the checks, never by a server. */
const OF_THE_TREE = /^STRONGROOM_(?:TEST|BENCH|CI|FUZZ)(?:_|$)/;

/** Names in the environment that look like settings and are none of these: a slip of the pen has no effect else. */
export function unknownSettings(schema: z.ZodObject, env: NodeJS.ProcessEnv = process.env): string[] {
  const known = new Set(Object.keys(schema.shape).flatMap((name) => [name, `${name}_FILE`]));
  const looksLikeOne = (name: string) => name.startsWith('STRONGROOM_') && !OF_THE_TREE.test(name);
  return Object.keys(env)
    .filter((name) => looksLikeOne(name) && !known.has(name))
    .sort();
}

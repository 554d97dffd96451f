import type { z } from 'zod';

/** The files that the environment names for values of this schema, each by the variable that names it. */
export const configFiles = (schema: z.ZodObject, env: NodeJS.ProcessEnv = process.env): Map<string, string> =>
  new Map(
    Object.keys(schema.shape).flatMap((name) => {
      const file = env[`${name}_FILE`];
      return file ? [[`${name}_FILE`, file] as const] : [];
    }),
  );

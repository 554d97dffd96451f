import { InvalidConfigError, loadConfig } from '@strongroom/config';
import type { z } from 'zod';
import { check, type Finding } from './finding.js';

/** All settings at once, as the program itself would read them. */
export const checkConfiguration = (
  what: string,
  schema: z.ZodObject,
  environment: NodeJS.ProcessEnv | undefined,
): Promise<Finding> =>
  check(`configuration ${what}`, () => {
    try {
      loadConfig(schema, environment);
      return '';
    } catch (error) {
      if (!(error instanceof InvalidConfigError)) throw error;
      const problems = error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
      throw new Error(`correct ${problems.join('; ')}. docs/configuration.md says what each is.`, { cause: error });
    }
  });

/** Those that can be read, so that one wrong setting does not hide what else is wrong. */
export const rightSettings = (
  schema: z.ZodObject,
  environment: NodeJS.ProcessEnv | undefined,
): Record<string, unknown> =>
  Object.assign({}, ...Object.keys(schema.shape).map((name) => one(schema, name, environment))) as Record<
    string,
    unknown
  >;

function one(schema: z.ZodObject, name: string, environment: NodeJS.ProcessEnv | undefined): object {
  try {
    return loadConfig(schema.pick({ [name]: true } as never), environment);
  } catch {
    return {}; // `checkConfiguration` says what is wrong with it
  }
}

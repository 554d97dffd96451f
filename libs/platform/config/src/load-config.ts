import { readFileSync } from 'node:fs';
import { type z } from 'zod';

export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError';
}

/**
 * Reads the environment once. For every variable `X` of the schema, `X_FILE` may name a file that holds the value.
 * An empty value counts as absent. All problems are reported at once, by name and never by value.
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): Readonly<z.output<S>> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const file = env[`${name}_FILE`];
    if (env[name]) values[name] = env[name];
    if (!file) continue;
    if (env[name]) problems.push(`  ${name}: set it or ${name}_FILE, not both`);
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`  ${name}_FILE: the file cannot be read`);
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success)
    problems.push(
      ...parsed.error.issues.map(({ path, message }) => {
        const name = path.join('.');
        return `  ${name}: ${name in values ? message : 'is not set'}`;
      }),
    );
  if (problems.length > 0 || !parsed.success)
    throw new InvalidConfigError(`invalid configuration\n${problems.join('\n')}`);
  return Object.freeze(parsed.data);
}

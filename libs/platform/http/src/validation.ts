import { VaultError } from '@strongroom/errors';
import type { z } from 'zod';

/** One thing that is wrong with a request: where, and the rule. Never the value. */
export interface Problem {
  /** Member names from the root. */
  readonly path: readonly (string | number)[];
  readonly detail: string;
}

export type RequestPart = 'body' | 'query' | 'uri';

/** The request does not fit; every problem is named. */
export class ValidationError extends VaultError {
  constructor(
    readonly part: RequestPart,
    readonly problems: readonly Problem[],
  ) {
    const said = problems.map(({ path, detail }) => (path.length ? `${path.join('.')}: ${detail}` : detail)).join('; ');
    super(`Invalid request ${part === 'uri' ? 'path' : part}: ${said}`, {
      code: part === 'body' ? 'invalid_body' : part === 'query' ? 'invalid_query_string' : 'invalid_uri',
      status: 400,
    });
  }

  static of(part: RequestPart, path: string, detail: string): ValidationError {
    return new ValidationError(part, [{ path: [path], detail }]);
  }
}

/** `schema.parse`, with a `ValidationError` for what does not fit. Unknown members are each named. */
export function parse<S extends z.ZodType>(schema: S, value: unknown, part: RequestPart): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ValidationError(part, result.error.issues.flatMap(problemsOf));
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, shortened(key)], detail: 'is not a member of this request' }));
  if (issue.code === 'invalid_type' && issue.input === undefined && /undefined/.test(issue.message))
    return [{ path, detail: `data must have required property '${String(path.at(-1))}'` }];
  return [{ path, detail: issue.message }];
}

/** A name is said again, so that it can be found; what is longer than any name is something else. */
const shortened = (name: string): string => (name.length > 100 ? `${name.slice(0, 100)}…` : name);

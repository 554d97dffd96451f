import type { ProviderTokens, ResolvedProvider } from '@strongroom/providers';
import type { AccountParams } from './known-connection.js';

/** What an answer brings beside tokens. */
export interface Brought {
  /** Shown with the tokenset, as the provider typed them. Not secret. */
  extras: Record<string, unknown>;
  /** Those of them that placeholders of the entry are filled from. */
  params: AccountParams;
}

type Source = NonNullable<ResolvedProvider['entry']['params'][string]['source']>;

const LONGEST_EXTRA = 4_096;

/** Of these values the ones that are params of the entry and come from there. */
export const paramsFrom = (
  { entry }: ResolvedProvider,
  source: Source,
  values: Readonly<Record<string, unknown>>,
): AccountParams =>
  Object.fromEntries(
    Object.entries(values).filter(
      (value): value is [string, string] =>
        typeof value[1] === 'string' &&
        Object.hasOwn(entry.params, value[0]) &&
        entry.params[value[0]]!.source === source,
    ),
  );

/**
 * What is kept of an answer's extras. One that the table cannot hold, or that repeats a token, is left out: nothing a
 * provider says beside the tokens may keep them from being stored.
 */
export function broughtBy(provider: ResolvedProvider, answer: ProviderTokens): Brought {
  const secrets = [answer.accessToken, answer.refreshToken, answer.idToken].filter((token) => token !== null);
  const kept = Object.entries(answer.extras).filter(([, value]) => {
    const text = JSON.stringify(value) ?? '';
    return isStorable(text) && !secrets.some((secret) => text.includes(secret));
  });
  const extras = Object.fromEntries(kept);
  return { extras, params: fillingFrom(provider, extras) };
}

/** Of these values the ones that placeholders of the entry are filled from though no param declares them. */
export function fillingFrom(provider: ResolvedProvider, values: Readonly<Record<string, unknown>>): AccountParams {
  const wanted = placeholdersOf(provider);
  return Object.fromEntries(
    Object.entries(values).filter(
      (value): value is [string, string] =>
        typeof value[1] === 'string' &&
        isStorable(JSON.stringify(value[1])) &&
        wanted.has(value[0]) &&
        !Object.hasOwn(provider.entry.params, value[0]),
    ),
  );
}

/** `jsonb` takes neither NUL nor half a surrogate pair. */
const isStorable = (json: string): boolean =>
  json !== '' && json.length <= LONGEST_EXTRA && !/\\u(?:0000|d[89a-f])/i.test(json);

/** Neither does `text` take NUL. A name for display is better without it than not there, and spelled as others spell it. */
export const nameable = (name: string | null): string | null => name?.replaceAll('\0', '').normalize() ?? null;

export const storableScopes = (scopes: readonly string[]): string[] => scopes.filter((scope) => !scope.includes('\0'));

const placeholdersOf = ({ entry }: ResolvedProvider): ReadonlySet<string> =>
  new Set([...JSON.stringify(entry).matchAll(/\{([A-Za-z_][\w-]*)\}/g)].map(([, name]) => name!));

import type { ProviderEntry } from './provider-entry.js';
import type { ResolvedProvider } from './resolve.js';

/** RFC 6749 §3.3, and a length nobody reaches by accident. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,189}$/;

export const isScope = (value: string): boolean => SCOPE.test(value);

/** `scope` and `freeform_scopes` of the options, each once, in this order. */
export function scopesIn(entry: ProviderEntry, options: Record<string, unknown>): string[] {
  const separators = entry.authorization.scopeDelimiter === ' ' ? /\s+/ : /[\s,]+/;
  const split = (value: unknown): string[] =>
    typeof value === 'string'
      ? value.split(separators)
      : Array.isArray(value)
        ? value.filter((one): one is string => typeof one === 'string')
        : [];
  return unique([...split(options['scope']), ...split(options['freeform_scopes'])]);
}

/** Base, asked, offline, without repeats. `asked` of the request replaces what is configured; offline stays. */
export function scopesToAsk(
  resolved: ResolvedProvider,
  wanted: { scopes: string[] | null; offline: boolean; grantedBefore?: string[] },
): string[] {
  const { baseScopes, offlineScopes, scopeCase } = resolved.entry.authorization;
  const offline = wanted.offline && resolved.offlineAllowed;
  const configuredOffline = resolved.scopes.filter((scope) => scope === 'offline_access');
  const asked = [...(wanted.grantedBefore ?? []), ...(wanted.scopes ?? resolved.scopes)];
  const all = unique([...baseScopes, ...asked, ...(offline ? [...configuredOffline, ...offlineScopes] : [])]);
  const kept = offline ? all : all.filter((scope) => !offlineScopes.includes(scope));
  return scopeCase === 'lower' ? kept.map((scope) => scope.toLowerCase()) : kept;
}

/** What was wanted and is not in the answer; case does not count, base and offline scopes neither. */
export function missingScopes(resolved: ResolvedProvider, wanted: string[], granted: string[]): string[] {
  const { baseScopes, offlineScopes } = resolved.entry.authorization;
  const there = new Set([...granted, ...baseScopes, ...offlineScopes].map((scope) => scope.toLowerCase()));
  return unique(wanted).filter((scope) => !there.has(scope.toLowerCase()));
}

export const unique = (scopes: readonly string[]): string[] => [...new Set(scopes.filter((scope) => scope !== ''))];

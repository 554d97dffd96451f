import { type Options } from './options.js';
import type { ProviderEntry, ProviderScope } from './provider-entry.js';
import type { ResolvedProvider } from './resolved-provider.js';

/** RFC 6749 §3.3, and a length nobody reaches by accident. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,189}$/;

export const isScope = (value: string): boolean => SCOPE.test(value);

/** `scope`, `freeform_scopes` and those of permission booleans, each once, in this order. */
export const configuredScopes = (entry: ProviderEntry, options: Options): string[] =>
  unique([
    ...split(entry, options['scope']),
    ...split(entry, options['freeform_scopes']),
    ...permissionScopes(entry, options),
  ]);

function split(entry: ProviderEntry, value: unknown): string[] {
  if (typeof value === 'string') return value.split(entry.authorization.scopeDelimiter === ' ' ? /\s+/ : /[\s,]+/);
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** Booleans of the options that are settings, or come with every connection, and no permissions. */
const SETTINGS = new Set([
  'offline_access',
  'profile',
  'pkce_enabled',
  'useOauthSpecScope',
  'revoke_on_delete',
  'keep_fresh',
  'set_user_root_attributes',
]);

const optionsOf = ({ option }: ProviderScope): string[] => (option === undefined ? [] : [option].flat());

/** Scopes of the booleans that are true, in the order of the entry. */
export const permissionScopes = (entry: ProviderEntry, options: Options): string[] =>
  unique(
    entry.scopes
      .filter((scope) => optionsOf(scope).some((name) => Object.hasOwn(options, name) && options[name] === true))
      .map(({ value }) => value),
  );

/** Booleans that are true and name no permission that the entry knows. */
export function unknownPermissions(entry: ProviderEntry, options: Options): string[] {
  const known = new Set(entry.scopes.flatMap(optionsOf));
  return Object.keys(options).filter((name) => options[name] === true && !known.has(name) && !SETTINGS.has(name));
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
  const own = asked.filter((scope) => !offlineScopes.includes(scope));
  const all = unique([...baseScopes, ...own, ...(offline ? [...configuredOffline, ...offlineScopes] : [])]);
  return scopeCase === 'lower' ? unique(all.map((scope) => scope.toLowerCase())) : all;
}

/** Whether scopes that name a resource all name the same one. */
export const isOneResource = (scopes: readonly string[]): boolean =>
  new Set(scopes.map((scope) => /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.exec(scope)?.[0].toLowerCase()).filter(Boolean)).size <=
  1;

/**
 * What was wanted and is not in the answer; case does not count, base and offline scopes neither. A scope is there by
 * its value, by another spelling, or because one that includes it is. An answer without scopes misses none.
 */
export function missingScopes(resolved: ResolvedProvider, wanted: string[], granted: string[]): string[] {
  if (granted.length === 0) return [];
  const base = new Set(resolved.entry.authorization.baseScopes.map((scope) => scope.toLowerCase()));
  return scopesBeyond(resolved, wanted, granted).filter((scope) => !base.has(scope.toLowerCase()));
}

/**
 * Those of the scopes that others do not cover, each looked for as `missingScopes` does. An offline scope is never among
 * them: it asks for a refresh token, and lets an access token do nothing.
 */
export function scopesBeyond({ entry }: ResolvedProvider, scopes: string[], others: string[]): string[] {
  const offline = new Set(entry.authorization.offlineScopes.map((scope) => scope.toLowerCase()));
  const there = withIncluded(entry.scopes, others);
  return unique(scopes).filter((scope) => !offline.has(scope.toLowerCase()) && !there.has(scope.toLowerCase()));
}

function withIncluded(known: readonly ProviderScope[], granted: readonly string[]): Set<string> {
  const bySpelling = new Map<string, ProviderScope[]>();
  for (const scope of known)
    for (const spelling of spellings(scope)) bySpelling.set(spelling, [...(bySpelling.get(spelling) ?? []), scope]);
  const there = new Set<string>();
  const open = granted.map((scope) => scope.toLowerCase());
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (there.has(scope)) continue;
    there.add(scope);
    for (const one of bySpelling.get(scope) ?? [])
      open.push(...spellings(one), ...(one.includes ?? []).map((included) => included.toLowerCase()));
  }
  return there;
}

const spellings = ({ value, same }: ProviderScope): string[] =>
  [value, ...(same ?? [])].map((scope) => scope.toLowerCase());

export const unique = (scopes: readonly string[]): string[] => [...new Set(scopes.filter((scope) => scope !== ''))];

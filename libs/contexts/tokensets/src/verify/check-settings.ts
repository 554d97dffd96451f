import type { ResolvedProvider } from '@strongroom/providers';
import { type Check, good } from './check.js';

/** Scopes that name and e-mail of an account are read with; without them it has neither, and works. */
export function checkIdentityScopes({ entry, scopes }: ResolvedProvider): Check[] {
  const asked = [...scopes, ...entry.authorization.baseScopes];
  const missing = (entry.identity.request?.scopes ?? []).filter((scope) => !asked.includes(scope));
  if (missing.length === 0) return [];
  const detail = `name and e-mail of accounts stay empty without ${missing.join(' ')}`;
  return [{ ...good('identity_scopes', detail), remedy: `Add ${missing.join(' ')} to the scopes of the connection.` }];
}

export const checkRedirectUris = (uris: readonly string[]): Check =>
  good('redirect_uris', `to be registered at the provider: ${uris.join(' ')}`);

import { shipped } from './catalogue-files.js';
import type { ProviderScope } from './provider-entry.js';

const byId = new Map(
  Object.entries(shipped.providers).map(([id, { scopes = [] }]) => [id, spellingsIn(scopes as ProviderScope[])]),
);

function spellingsIn(scopes: ProviderScope[]): string[][] {
  return scopes.flatMap(({ value, same }) => (same ? [[value, ...same]] : []));
}

/**
 * Scopes of a shipped entry that are one permission, each list with all its spellings. No setting and no further file
 * has a say in it, so that what is allowed by one name may be allowed by the others.
 */
export const shippedSpellings = (providerId: string): string[][] => byId.get(providerId) ?? [];

import { type Catalogue, shippedSpellings } from '@strongroom/providers';
import type { DescribedConnection } from './deleted-connections.js';
import { governing } from './provider/governing-provider.js';

/**
 * Scopes that are one permission under several names. Policies of clients are read with them, so whoever may edit a
 * connection has no say: what its settings call the same is not, and nothing is where its tokens come from elsewhere than
 * the catalogue has it.
 */
export function scopeSpellings(
  catalogue: Catalogue,
  row: Pick<DescribedConnection, 'strategy' | 'options'>,
  tokenOrigin: string | null,
): string[][] {
  const provider = governing(catalogue, row);
  const isThere = provider !== null && tokenOrigin !== null && originOf(provider.entry.endpoints.token) === tokenOrigin;
  return isThere ? shippedSpellings(provider.id) : [];
}

/** Null where a connection has a say in the host. */
function originOf(template: string | undefined): string | null {
  const origin = /^https?:\/\/[^/?#{]+(?=[/?#]|$)/.exec(template ?? '')?.[0];
  return origin === undefined ? null : new URL(origin).origin;
}

import type { Catalogue } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { addressed, sendsElsewhere } from './secret-receivers.js';

const UNTIL = 'what it said before stays in use until the connection is saved again with its client secret';

/**
 * Whether new metadata would send tokens or the client secret elsewhere, in words for an administrator; null: they can
 * be taken over. Whoever gets hold of a provider's discovery document must not get what we hold for its people.
 */
export function movedTo(catalogue: Catalogue, before: ConnectionEntity, found: Record<string, unknown>): string | null {
  if (before.providerMetadata?.['issuer'] !== found['issuer'])
    return `the provider's metadata now name another issuer; ${UNTIL}`;
  const after = { ...before, providerMetadata: found };
  if (addressed(catalogue, before).resolved && !addressed(catalogue, after).resolved)
    return `the provider's metadata no longer say all that is needed; ${UNTIL}`;
  return sendsElsewhere(catalogue, before, after)
    ? `the provider's metadata would now send tokens or the client secret to another origin; ${UNTIL}`
    : null;
}

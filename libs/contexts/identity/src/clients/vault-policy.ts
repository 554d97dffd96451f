import type { VaultPolicy } from '@strongroom/contracts';
import type { ClientPolicy } from './client.entity.js';

/** As the exchange is told of it. */
export const vaultPolicyOf = (kept: ClientPolicy): VaultPolicy => ({
  connections: kept.connections ?? null,
  scopes: kept.scopes ?? null,
  exchangesPerMinute: kept.exchanges_per_minute ?? null,
  expiresAt: kept.expires_at ?? null,
});

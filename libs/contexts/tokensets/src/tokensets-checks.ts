import type { INestApplicationContext } from '@nestjs/common';
import { VaultSeal } from './custody/vault-seal.js';
import { TokensetsHealth } from './tokensets-health.js';

/** For `/readyz`, by the name that a failing one is shown under. */
export function tokensetsChecks(app: INestApplicationContext) {
  const seal = app.get(VaultSeal, { strict: false });
  const health = app.get(TokensetsHealth, { strict: false });
  return { unstored: () => health.check(), sealed: () => seal.unsealed(), unreadable: () => seal.readable() };
}

import type { INestApplicationContext } from '@nestjs/common';
import { VaultSeal } from './custody/vault-seal.js';

/** For `/readyz`, by the name that a failing one is shown under. */
export function tokensetsChecks(app: INestApplicationContext) {
  const seal = app.get(VaultSeal, { strict: false });
  return { sealed: () => seal.unsealed(), unreadable: () => seal.readable() };
}

import type { INestApplicationContext } from '@nestjs/common';
import { IdentitySeal } from './keys/identity-seal.js';

/** For `/readyz`, by the name that a failing one is shown under. */
export function identityChecks(app: INestApplicationContext) {
  const seal = app.get(IdentitySeal, { strict: false });
  return { sealed: () => seal.unsealed() };
}

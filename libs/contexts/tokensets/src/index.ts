/**
 * Keeps providers' tokens: redeems codes, refreshes, seals, erases. The only code in which a provider's refresh token
 * or client secret is in clear, and the only one that calls a token endpoint.
 */
export { exportShredded } from './restore/export-shredded.js';
export { finishRestore, type FinishedRestore } from './restore/finish-restore.js';
export { type ShreddedKey, shreddedKey } from './restore/shredded-key.js';
export { tokensetsChecks } from './tokensets-checks.js';
export { tokensetsDatabase } from './tokensets.database.js';
export { TokensetsModule } from './tokensets.module.js';
export type { TokensetsOptions } from './tokensets.options.js';

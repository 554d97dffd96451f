/**
 * Who is who: people, clients, APIs and what they may do with each other, sign-in, tokens of our own, and their check.
 * Owns its key ring. Does not own what people connect; of that it keeps the list a profile shows.
 */
export { identityChecks } from './identity-checks.js';
export { identityDatabase } from './identity.database.js';
export { IdentityModule, type IdentityOptions } from './identity.module.js';

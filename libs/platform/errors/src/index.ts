/** The base of every error a caller may see, and the wrapper of values that must not be printed. Imports nothing. */
export { Secret } from './secret.js';
export { VaultError, type VaultErrorOptions } from './vault-error.js';

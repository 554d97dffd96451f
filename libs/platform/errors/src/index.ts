/** The base of every error a caller may see, what a server that is away looks like, and the wrapper of values that must not be printed. Imports nothing. */
export { isUnreachable } from './is-unreachable.js';
export { Secret } from './secret.js';
export { VaultError, type VaultErrorOptions } from './vault-error.js';

/**
 * How a person's account at a provider gets into the vault, and the list of what is there. Owns connect sessions and
 * connected accounts; sees no token, and no code in clear for longer than it takes to seal it.
 */
export { connectedAccountsDatabase } from './connected-accounts.database.js';
export { ConnectedAccountsModule, type ConnectedAccountsOptions } from './connected-accounts.module.js';

/** The token endpoint: exchanges a token of ours for the provider's access token. Owns nothing but its outbox. */
export { exchangeDatabase } from './exchange.database.js';
export { ExchangeModule, type ExchangeOptions } from './exchange.module.js';

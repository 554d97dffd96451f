/**
 * Calls between our own services: signed, with a deadline, with typed errors. Knows the ports from the table in
 * contracts, and what stands behind none of them.
 */
export { RpcClient, type RpcClientOptions } from './rpc-client.js';
export { ServiceUnavailableError } from './rpc.errors.js';
export { type Offered, RpcServer, type RpcServerOptions, type RpcTls } from './rpc-server.js';
export { type GeneratedServiceKeys, generateServiceKeys, publicJwk, ServiceKeys } from './service-keys.js';
export { CallerTokens, OwnTokens, TOKEN_HEADER } from './service-tokens.js';

/**
 * Calls between our own services: signed, with a deadline, with typed errors. Knows the ports from the table in
 * contracts, and what stands behind none of them.
 */
export { RpcClient } from './rpc-client.js';
export { RpcServer } from './rpc-server.js';
export { publicJwk, ServiceKeys } from './service-keys.js';

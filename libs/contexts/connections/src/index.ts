/**
 * Connections: how this installation is registered at each provider, and which clients may use it. Owns their rows and
 * the sealed client secrets, which it cannot open. Does not speak to token endpoints; that is tokensets.
 */
export { connectionsDatabase } from './connections.database.js';
export { ConnectionsModule, type ConnectionsOptions } from './connections.module.js';

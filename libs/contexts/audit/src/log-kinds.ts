/** Which events a reader of logs sees, and as what (`spec/wire-contract.md` §3.7). The ledger holds all of them. */
export const LOG_TYPES: Readonly<Record<string, { type: string; description: string }>> = {
  'exchange.succeeded': { type: 'seta', description: 'Exchanged a token for an access token of a connected account' },
  'exchange.failed': { type: 'feta', description: 'Refused to exchange a token' },
  'account.connected': {
    type: 'connected_accounts_connection_succeeded',
    description: 'Connected an account',
  },
  'connect.failed': { type: 'connected_accounts_connection_failed', description: 'An account could not be connected' },
  'account.disconnected': { type: 'connected_accounts_delete_succeeded', description: 'Disconnected an account' },
  'tokenset.revoked': {
    type: 'connected_accounts_revocation',
    description: "Ended a disconnected account's tokens at their provider, or could not",
  },
  'user.deleted': { type: 'sdu', description: 'Deleted a user' },
};

/** Seen as `sapi`, but only if somebody did it through the Management API. */
export const MANAGED: Readonly<Record<string, string>> = {
  'connection.created': 'Created a connection',
  'connection.updated': 'Updated a connection',
  'connection.deleted': 'Deleted a connection',
  'tokenset.deleted': 'Deleted a tokenset',
  'user.created': 'Created a user',
  'user.updated': 'Updated a user',
  'client.created': 'Created a client',
  'client.updated': 'Updated a client',
  'client.deleted': 'Deleted a client',
  'resource_server.created': 'Created a resource server',
  'resource_server.updated': 'Updated a resource server',
  'resource_server.deleted': 'Deleted a resource server',
  'client_grant.created': 'Created a client grant',
  'client_grant.updated': 'Updated a client grant',
  'client_grant.deleted': 'Deleted a client grant',
  'keyring.changed': 'Rotated the encryption keys',
};

export const MANAGERS = ['client', 'administrator'];

import { z } from 'zod';
import { EventContract } from './event.js';
import {
  count,
  flag,
  id,
  instant,
  ipAddress,
  MOST_SCOPES,
  name,
  note,
  oneOf,
  origin,
  scope,
  shortCode,
  thumbprint,
} from './leaf.js';

/** `spec/events.md` §1 and §3: topics, producers and what each event carries. */
const PREFIX = 'strongroom';

export const topics = {
  connections: { name: `${PREFIX}.connections.v1`, cleanup: 'compact' },
  accounts: { name: `${PREFIX}.accounts.v1`, cleanup: 'compact' },
  connects: { name: `${PREFIX}.connects.v1`, cleanup: 'delete' },
  tokensets: { name: `${PREFIX}.tokensets.v1`, cleanup: 'compact' },
  users: { name: `${PREFIX}.users.v1`, cleanup: 'compact' },
  clients: { name: `${PREFIX}.clients.v1`, cleanup: 'compact' },
  apis: { name: `${PREFIX}.apis.v1`, cleanup: 'compact' },
  exchanges: { name: `${PREFIX}.exchanges.v1`, cleanup: 'delete' },
  keyrings: { name: `${PREFIX}.keyrings.v1`, cleanup: 'compact' },
} as const;

const actor = z.strictObject({
  kind: oneOf(['user', 'client', 'administrator', 'system']),
  id: id('user').optional(),
  /** The application that a person did it with, where that is known. */
  clientId: id('client').optional(),
});
export type Actor = z.infer<typeof actor>;

const scopes = () => z.array(scope()).max(MOST_SCOPES);
const changed = () => z.array(shortCode()).max(100);

const event = <S extends z.ZodRawShape>(
  topic: keyof typeof topics,
  producers: readonly string[],
  short: string,
  shape: S,
): EventContract<z.infer<z.ZodObject<S>> & { actor: Actor }> =>
  new EventContract(topics[topic].name, producers, short, z.strictObject({ ...shape, actor }));

const connection = {
  connectionId: id('connection'),
  name: name(),
  strategy: shortCode(),
  vaultActive: flag(),
  loginActive: flag(),
  enabledClientCount: count(),
  tokenOrigin: origin().nullable(),
};
export const connectionCreated = event('connections', ['connections'], 'connection.created', connection);
export const connectionUpdated = event('connections', ['connections'], 'connection.updated', {
  ...connection,
  changed: changed(),
});
/** The last event of its key holds ids only. */
export const connectionDeleted = event('connections', ['connections'], 'connection.deleted', {
  connectionId: id('connection'),
});

const account = {
  accountId: id('account'),
  personId: id('person'),
  userId: id('user').nullable(),
  connectionId: id('connection'),
  tokensetId: id('tokenset').nullable(),
  status: oneOf(['connected', 'reconnect_required', 'disconnected']),
  scopes: scopes(),
};
export const accountConnected = event('accounts', ['connected-accounts'], 'account.connected', {
  ...account,
  clientId: id('client').nullable(),
  connectSessionId: id('connectSession').nullable(),
  reconnected: flag(),
  missingScopes: scopes(),
});
export const accountDisconnected = event('accounts', ['connected-accounts'], 'account.disconnected', {
  ...account,
  reason: oneOf(['requested', 'tokenset_deleted', 'connection_deleted', 'user_deleted', 'replaced']),
});

export const connectFailed = event('connects', ['connected-accounts'], 'connect.failed', {
  connectSessionId: id('connectSession'),
  personId: id('person'),
  userId: id('user').nullable(),
  clientId: id('client'),
  connectionId: id('connection'),
  reason: oneOf([
    'denied',
    'user_mismatch',
    'expired',
    'replayed',
    'state_mismatch',
    'issuer_mismatch',
    'provider_error',
    'redeem_failed',
    'account_conflict',
  ]),
  code: shortCode().nullable(),
});

const tokenset = {
  tokensetId: id('tokenset'),
  personId: id('person'),
  userId: id('user').nullable(),
  connectionId: id('connection'),
  accountId: id('account'),
  status: oneOf(['active', 'reconnect_required', 'deleted']),
  reason: shortCode().nullable(),
  scopes: scopes(),
  expiresAt: instant().nullable(),
  credentialVersion: count(),
};
export const tokensetCreated = event('tokensets', ['tokensets'], 'tokenset.created', {
  ...tokenset,
  clientId: id('client').nullable(),
  origin: oneOf(['connect', 'login']),
});
export const tokensetRefreshed = event('tokensets', ['tokensets'], 'tokenset.refreshed', {
  ...tokenset,
  cause: oneOf(['on_demand', 'early', 'keep_fresh', 'keep_alive', 'recovery', 'forced', 'reconnected', 'moved']),
  rotated: flag(),
});
export const tokensetRefreshFailed = event('tokensets', ['tokensets'], 'tokenset.refresh_failed', {
  ...tokenset,
  class: shortCode(),
  httpStatus: count().nullable(),
  code: shortCode().nullable(),
  failures: count(),
  failingSince: instant().nullable(),
  nextAttemptAt: instant().nullable(),
  stillServing: flag(),
});
export const tokensetReconnectRequired = event('tokensets', ['tokensets'], 'tokenset.reconnect_required', {
  ...tokenset,
  class: shortCode(),
  code: shortCode().nullable(),
});
export const tokensetRecovered = event('tokensets', ['tokensets'], 'tokenset.recovered', {
  ...tokenset,
  cause: oneOf(['reconnected', 'retried']),
  downSince: instant().nullable(),
});
export const tokensetDeleted = event('tokensets', ['tokensets'], 'tokenset.deleted', {
  tokensetId: id('tokenset'),
  personId: id('person'),
  userId: id('user').nullable(),
  connectionId: id('connection'),
  accountId: id('account'),
  status: oneOf(['deleted']),
  reason: oneOf(['requested', 'disconnected', 'connection_deleted', 'user_deleted', 'unused', 'expired']),
  keyId: id('key'),
});
export const tokensetRevoked = event('tokensets', ['tokensets'], 'tokenset.revoked', {
  tokensetId: id('tokenset'),
  personId: id('person'),
  userId: id('user').nullable(),
  connectionId: id('connection'),
  accountId: id('account'),
  status: oneOf(['deleted']),
  outcome: oneOf(['revoked', 'already_gone', 'unsupported', 'failed']),
  effect: shortCode().nullable(),
  attempts: count(),
  code: shortCode().nullable(),
});

const subjectTokenType = () => oneOf(['refresh_token', 'access_token', 'jwt']);
export const exchangeSucceeded = event('exchanges', ['exchange'], 'exchange.succeeded', {
  exchangeId: id('exchange'),
  clientId: id('client'),
  personId: id('person'),
  userId: id('user').nullable(),
  connectionId: id('connection'),
  accountId: id('account'),
  tokensetId: id('tokenset'),
  subjectTokenType: subjectTokenType(),
  issuedTokenType: shortCode(),
  scopes: scopes(),
  expiresAt: instant().nullable(),
  tokenThumbprint: thumbprint(),
  refreshed: flag(),
  privilegedWorker: flag(),
  auditContext: note().nullable(),
  ip: ipAddress().nullable(),
});
export const exchangeFailed = event('exchanges', ['exchange'], 'exchange.failed', {
  exchangeId: id('exchange'),
  clientId: id('client').nullable(),
  personId: id('person').nullable(),
  userId: id('user').nullable(),
  connectionId: id('connection').nullable(),
  accountId: id('account').nullable(),
  subjectTokenType: subjectTokenType().nullable(),
  error: shortCode(),
  reason: shortCode(),
  privilegedWorker: flag(),
  auditContext: note().nullable(),
  ip: ipAddress().nullable(),
  /** How many this stands for, where a rate limit refused them; absent: one. */
  requests: count().optional(),
});

const user = {
  personId: id('person'),
  userId: id('user'),
  status: oneOf(['active', 'blocked', 'deleted']),
  identities: z
    .array(
      z.strictObject({
        provider: shortCode(),
        connectionId: id('connection').nullable(),
        personId: id('person'),
        link: oneOf(['own', 'linking', 'linked']),
      }),
    )
    .max(100),
};
export const userCreated = event('users', ['identity'], 'user.created', user);
export const userUpdated = event('users', ['identity'], 'user.updated', { ...user, changed: changed() });
export const userDeleted = event('users', ['identity'], 'user.deleted', {
  personId: id('person'),
  userId: id('user'),
  status: oneOf(['deleted']),
});
export const userLoggedIn = event('users', ['identity'], 'user.logged_in', {
  ...user,
  clientId: id('client').nullable(),
  connectionId: id('connection').nullable(),
  sessionId: id('session').nullable(),
  ip: ipAddress().nullable(),
});

const client = {
  clientId: id('client'),
  name: name(),
  appType: shortCode().nullable(),
  firstParty: flag(),
  grantTypes: z.array(name()).max(50),
  status: oneOf(['active', 'deleted']),
};
export const clientCreated = event('clients', ['identity'], 'client.created', client);
export const clientUpdated = event('clients', ['identity'], 'client.updated', { ...client, changed: changed() });
export const clientDeleted = event('clients', ['identity'], 'client.deleted', {
  clientId: id('client'),
  status: oneOf(['deleted']),
});

const resourceServer = { resourceServerId: id('api'), identifier: name(), scopes: scopes() };
export const resourceServerCreated = event('apis', ['identity'], 'resource_server.created', resourceServer);
export const resourceServerUpdated = event('apis', ['identity'], 'resource_server.updated', {
  ...resourceServer,
  changed: changed(),
});
export const resourceServerDeleted = event('apis', ['identity'], 'resource_server.deleted', {
  resourceServerId: id('api'),
});

const clientGrant = {
  grantId: id('grant'),
  clientId: id('client'),
  audience: name(),
  scopes: scopes(),
  subjectType: oneOf(['client', 'user']),
};
export const clientGrantCreated = event('apis', ['identity'], 'client_grant.created', clientGrant);
export const clientGrantUpdated = event('apis', ['identity'], 'client_grant.updated', {
  ...clientGrant,
  changed: changed(),
});
export const clientGrantDeleted = event('apis', ['identity'], 'client_grant.deleted', { grantId: id('grant') });

export const keyringChanged = event('keyrings', ['tokensets', 'identity'], 'keyring.changed', {
  context: id('context'),
  primaryKeyId: id('key'),
  keys: z.array(z.strictObject({ keyId: id('key'), state: shortCode(), remaining: count().nullable() })).max(100),
  step: shortCode(),
});

/** Every event there is. */
export const eventContracts = [
  connectionCreated,
  connectionUpdated,
  connectionDeleted,
  accountConnected,
  accountDisconnected,
  connectFailed,
  tokensetCreated,
  tokensetRefreshed,
  tokensetRefreshFailed,
  tokensetReconnectRequired,
  tokensetRecovered,
  tokensetDeleted,
  tokensetRevoked,
  exchangeSucceeded,
  exchangeFailed,
  userCreated,
  userUpdated,
  userDeleted,
  userLoggedIn,
  clientCreated,
  clientUpdated,
  clientDeleted,
  resourceServerCreated,
  resourceServerUpdated,
  resourceServerDeleted,
  clientGrantCreated,
  clientGrantUpdated,
  clientGrantDeleted,
  keyringChanged,
] as const;

import { randomUUID } from 'node:crypto';
import { exchangeFailed, exchangeSucceeded } from '@strongroom/contracts';
import type { OutboxEntry } from '@strongroom/messaging';

export const PERSON = '7a4ecf0e-4a3c-4c3b-9d0c-3f1f4b8f2a11';

const exchangeId = () => `ex_${randomUUID()}`;

export const succeeded = (more: object = {}, id = exchangeId()): OutboxEntry => ({
  contract: exchangeSucceeded,
  id,
  sequence: 1,
  data: {
    exchangeId: id,
    clientId: 'app1',
    personId: PERSON,
    userId: 'auth0|u1',
    connectionId: 'con_google',
    accountId: 'cac_1',
    tokensetId: 'ts_1',
    subjectTokenType: 'refresh_token',
    issuedTokenType: 'federated-connection-access-token',
    scopes: ['openid', 'calendar'],
    expiresAt: '2030-01-01T00:00:00.000Z',
    tokenThumbprint: 'x'.repeat(43),
    refreshed: false,
    privilegedWorker: false,
    auditContext: null,
    ip: '127.0.0.1',
    actor: { kind: 'client', id: 'app1' },
    ...more,
  },
});

export const failed = (more: object = {}, id = exchangeId()): OutboxEntry => ({
  contract: exchangeFailed,
  id,
  sequence: 1,
  data: {
    exchangeId: id,
    clientId: 'app1',
    personId: PERSON,
    userId: 'auth0|u1',
    connectionId: 'con_gone',
    accountId: null,
    subjectTokenType: 'access_token',
    error: 'federated_connection_refresh_token_not_found',
    reason: 'tokenset_not_found',
    privilegedWorker: false,
    auditContext: 'nightly run',
    ip: null,
    actor: { kind: 'client', id: 'app1' },
    ...more,
  },
});

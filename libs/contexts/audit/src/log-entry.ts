import { LOG_TYPES, MANAGED } from './log-kinds.js';
import type { Names } from './names.js';

/** One line of the ledger as it is read. */
export interface LedgerRow {
  n: string;
  event_id: string;
  name: string;
  occurred_at: Date;
  data: EventData;
}

export interface EventData {
  actor: { kind: string; id?: string; clientId?: string };
  [member: string]: unknown;
}

export interface LogEntry {
  log_id: string;
  date: string;
  type: string;
  description: string;
  client_id: string | null;
  client_name: string | null;
  connection: string | null;
  user_id: string | null;
  ip: string | null;
  details: Record<string, unknown>;
}

export const connectionIdOf = ({ data }: LedgerRow): string | null => textOf(data['connectionId']);
export const clientIdOf = ({ data }: LedgerRow): string | null =>
  textOf(data['clientId']) ?? (data.actor.kind === 'client' ? data.actor.id : data.actor.clientId) ?? null;

/** A connection that is gone is named by its id: its name went with it. */
export function logEntry(row: LedgerRow, names: Names): LogEntry {
  const { event_id: id, name, occurred_at: at, data } = row;
  const connectionId = connectionIdOf(row);
  const clientId = clientIdOf(row);
  const known = LOG_TYPES[name] ?? { type: 'sapi', description: MANAGED[name] ?? name };
  return {
    log_id: id,
    date: at.toISOString(),
    ...known,
    client_id: clientId,
    client_name: clientId === null ? null : (names.clients.get(clientId) ?? null),
    connection: connectionId === null ? null : (names.connections.get(connectionId) ?? connectionId),
    user_id: textOf(data['userId']),
    ip: textOf(data['ip']),
    details: detailsOf(name, data),
  };
}

const VAULT_TYPE = 'federated-connection-access-token';

function detailsOf(name: string, data: EventData): Record<string, unknown> {
  switch (name) {
    case 'exchange.succeeded':
      return {
        ...exchange(data),
        issued_token_type:
          data['issuedTokenType'] === VAULT_TYPE
            ? `http://auth0.com/oauth/token-type/${VAULT_TYPE}`
            : data['issuedTokenType'],
        scope: (data['scopes'] as string[]).join(' '),
        expires_at: data['expiresAt'],
        token_thumbprint: data['tokenThumbprint'],
      };
    case 'exchange.failed':
      return {
        ...exchange(data),
        error: data['error'],
        failure_reason: data['reason'],
        // Refused by a rate limit, which says only how many there were.
        ...(data['requests'] === undefined ? {} : { requests: data['requests'] }),
      };
    case 'account.connected':
      return { connected_account: { id: data['accountId'] }, request: complete('POST', 'complete') };
    case 'connect.failed':
      return {
        connected_account: { id: null },
        error: { type: data['reason'], title: 'Connecting failed', status: null, detail: data['code'] },
        request: complete('POST', 'complete'),
      };
    case 'account.disconnected':
      return {
        connected_account: { id: data['accountId'] },
        reason: data['reason'],
        ...(data['reason'] === 'requested' && data.actor.kind === 'user'
          ? { request: complete('DELETE', `accounts/${String(data['accountId'])}`) }
          : {}),
      };
    case 'tokenset.revoked':
      return {
        connected_account: { id: data['accountId'] },
        tokenset: { id: data['tokensetId'] },
        outcome: data['outcome'],
        effect: data['effect'],
        attempts: data['attempts'],
        code: data['code'],
      };
    default:
      return { event: name, ...data };
  }
}

const exchange = (data: EventData): Record<string, unknown> => ({
  token_broker: 'token_vault',
  subject_token_type:
    data['subjectTokenType'] === null ? null : `urn:ietf:params:oauth:token-type:${data['subjectTokenType'] as string}`,
  is_privileged_worker: data['privilegedWorker'],
  audit_context: data['auditContext'],
});

const complete = (method: string, path: string) => ({ method, path: `/me/v1/connected-accounts/${path}` });
export const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

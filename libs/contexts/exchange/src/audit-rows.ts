import { createHash } from 'node:crypto';
import {
  type Actor,
  type ConnectionView,
  type DataOf,
  type exchangeFailed,
  type exchangeSucceeded,
  type IssuedToken,
  sayableScopes,
  type Subject,
} from '@strongroom/contracts';
import type { VaultError } from '@strongroom/errors';
import type { ExchangeRequest } from './exchange.request.js';
import { reasonOf } from './refusal.js';

/** The facts of an exchange, gathered step by step: where it is refused, the later ones are not known. */
export interface Facts {
  subject: Subject | null;
  connection: ConnectionView | null;
  accountId: string | null;
}

export const NOTHING_KNOWN: Readonly<Facts> = { subject: null, connection: null, accountId: null };

type Row<Contract> = Omit<DataOf<Contract>, 'exchangeId'>;

/** What the audit is told of a token that leaves: of the token itself its SHA-256 alone, base64url. */
export const successRow = (
  issued: IssuedToken,
  request: ExchangeRequest,
  { worker, policy: _, ...subject }: Subject,
  ip: string | null,
): Row<typeof exchangeSucceeded> => ({
  ...subject,
  connectionId: issued.connectionId,
  accountId: issued.accountId,
  tokensetId: issued.tokensetId,
  subjectTokenType: request.subjectTokenType,
  issuedTokenType: request.requestedTokenType.split(/[/:]/).at(-1)!,
  scopes: sayableScopes(issued.scopes),
  expiresAt: issued.expiresAt,
  tokenThumbprint: createHash('sha256').update(issued.accessToken).digest('base64url'),
  refreshed: issued.refreshed,
  privilegedWorker: worker !== undefined,
  auditContext: worker?.auditContext ?? null,
  ip,
  actor: by(subject.clientId),
});

/**
 * What the audit is told of a refusal. What was found out on the way comes first, then what the error says for the
 * audit alone. `request`: null where none could be read.
 */
export function refusalRow(
  refusal: VaultError,
  request: ExchangeRequest | null,
  { subject, connection, accountId }: Facts,
  ip: string | null,
): Omit<Row<typeof exchangeFailed>, 'requests'> {
  const audit = refusal.audit ?? {};
  const clientId = subject?.clientId ?? audit['clientId'] ?? null;
  const account = refusal.details?.['account'] as { id?: string } | undefined;
  return {
    clientId,
    personId: subject?.personId ?? audit['personId'] ?? null,
    userId: subject?.userId ?? audit['userId'] ?? null,
    connectionId: connection?.connectionId ?? null,
    accountId: accountId ?? account?.id ?? audit['accountId'] ?? null,
    subjectTokenType: request?.subjectTokenType ?? null,
    error: refusal.code,
    reason: reasonOf(refusal),
    privilegedWorker: request?.subjectTokenType === 'jwt',
    auditContext: subject?.worker?.auditContext ?? audit['auditContext'] ?? null,
    ip,
    actor: by(clientId),
  };
}

const by = (clientId: string | null): Actor =>
  clientId === null ? { kind: 'system' } : { kind: 'client', id: clientId };

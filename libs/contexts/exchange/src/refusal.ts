import type { ConnectionView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { TOKEN_EXCHANGE_GRANT } from './exchange.request.js';

/** The closed list of `spec/wire-contract.md` §5.3: one for each refusal, to callers and in the audit alike. */
export const REASONS = [
  'tokenset_not_found',
  'reconnect_required',
  'credential_unreadable',
  'scope_missing',
  'scope_not_narrowable',
  'account_ambiguous',
  'account_not_found',
  'connection_not_available',
  'vault_off',
  'request_invalid',
  'client_authentication_failed',
  'client_public',
  'client_grant_missing',
  'client_third_party',
  'client_not_oidc_conformant',
  'client_rotation_on',
  'client_not_api_client',
  'subject_invalid',
  'subject_expired',
  'subject_revoked',
  'user_blocked',
  'dpop_invalid',
  'worker_jwt_invalid',
  'worker_jwt_stale',
  'worker_jwt_replayed',
  'worker_address',
  'worker_connection',
  'worker_scope',
  'mfa_policy_always',
  'client_policy',
  'paused_by_person',
  'provider_unavailable',
  'refresh_in_progress',
  'vault_sealed',
  'audit_unavailable',
  'store_unavailable',
  'rate_limited',
  'connection_misconfigured',
] as const;
export type Reason = (typeof REASONS)[number];

const isReason = (reason: unknown): reason is Reason => REASONS.some((one) => one === reason);

/** In the audit only: a caller that did not authenticate, or whose request made no sense, learns no more than the code. */
const LOG_ONLY = new Set<Reason>(['request_invalid', 'client_authentication_failed', 'client_public']);
/** The vault knows the account, or that there is none, and needs the person. */
const NEEDS_ACCOUNT = new Set<Reason>(['tokenset_not_found', 'reconnect_required', 'credential_unreadable']);
const NEEDS_CONSENT = new Set<Reason>([...NEEDS_ACCOUNT, 'scope_missing']);
/** So that a program reads one object, whichever of them it was. Null: nobody took anything away, or there is no account. */
const CONSENT_REQUIRED = { cause: null, account: null, missing_scopes: [] };

export function reasonOf({ details, audit, status }: VaultError): Reason {
  const reason = details?.['reason'] ?? audit?.['reason'];
  if (isReason(reason)) return reason;
  if (status === 429) return 'rate_limited';
  return status >= 500 ? 'store_unavailable' : 'request_invalid';
}

/** What the refused request was about, as far as that was known. */
export interface RefusedAt {
  connection: ConnectionView | null;
  grantType: string;
}

/**
 * The error as the caller gets it: `error_details` whole (§5.3), in the words of its grant. The way back through the
 * connect flow is the vault's own to tell, which alone knows the account and what it was granted.
 */
export function explained(thrown: unknown, { connection, grantType }: RefusedAt): VaultError {
  // What another service does not explain is what our own code would not explain either.
  if (!(thrown instanceof VaultError) || (thrown.code === 'server_error' && thrown.status === 500))
    return new VaultError('Something failed on our side and was logged. Try again.', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'store_unavailable', retry_after: 2 },
      cause: thrown,
    });
  const reason = reasonOf(thrown);
  if (LOG_ONLY.has(reason)) return thrown;
  const details = {
    reason,
    ...(thrown.status === 503 || thrown.status === 429 ? waiting(thrown) : {}),
    ...(NEEDS_CONSENT.has(reason) ? CONSENT_REQUIRED : {}),
    ...thrown.details,
    ...(connection ? { connection: connection.name, ...wayBack(thrown, connection) } : {}),
    ...(reason === 'account_not_found' ? { error_description_alias: true } : {}),
  };
  const refusal = copied(thrown, { details });
  return inWordsOf(grantType, connection ? withinCeiling(refusal, connection) : refusal);
}

/** Nobody is sent to connect for what the connect flow would refuse to ask for. */
function withinCeiling(refusal: VaultError, connection: ConnectionView): VaultError {
  if (reasonOf(refusal) !== 'scope_missing') return refusal;
  const { connect: _, ...details } = refusal.details ?? {};
  const barred = (details['missing_scopes'] as string[]).filter((scope) => !isAllowed(connection, scope));
  if (barred.length === 0) return refusal;
  const message = `The connection does not allow: ${barred.join(' ')}. An administrator can add to its options.allowed_scopes.`;
  return copied(refusal, { message, details });
}

const isAllowed = ({ options }: ConnectionView, scope: string): boolean => {
  const ceiling: unknown = options?.['allowed_scopes'];
  return !Array.isArray(ceiling) || ceiling.includes(scope);
};

/** The header in the details: libraries hand on the body alone. */
const waiting = ({ retryAfter }: VaultError) =>
  retryAfter === undefined ? {} : { retry_after: Math.max(1, Math.ceil(retryAfter)) };

interface ConnectHint {
  endpoint: string;
  body: { scopes?: string[] };
}

/** As many as one connect request takes. */
const MOST_SCOPES = 100;

/**
 * The vault's `connect`, such that what it says to post is taken: without scopes that the connection no longer allows.
 * Those the account has are asked for again by the flow itself, so that nothing is lost where the list is too long.
 */
function wayBack({ details }: VaultError, connection: ConnectionView): { connect?: ConnectHint } {
  const connect = details?.['connect'] as ConnectHint | undefined;
  if (!connect) return {};
  const missing = (details?.['missing_scopes'] ?? []) as string[];
  const { scopes: known = [], ...body } = connect.body;
  const allowed = known.filter((scope) => isAllowed(connection, scope));
  const scopes = allowed.length > MOST_SCOPES ? missing : allowed;
  return { connect: { ...connect, body: { ...body, ...(scopes.length > 0 ? { scopes } : {}) } } };
}

/** Plain RFC 8693 has no codes of a vault (§5.1). What is in the details stays the same. */
function inWordsOf(grantType: string, refusal: VaultError): VaultError {
  if (grantType !== TOKEN_EXCHANGE_GRANT) return refusal;
  const reason = reasonOf(refusal);
  if (reason === 'connection_not_available') return copied(refusal, { code: 'invalid_target' });
  if (!NEEDS_ACCOUNT.has(reason)) return refusal;
  const message =
    reason === 'tokenset_not_found'
      ? 'The person has connected no account here: begin the connect flow as error_details.connect says.'
      : refusal.message;
  return copied(refusal, { code: 'consent_required', status: 400, message });
}

interface Changes {
  message?: string;
  code?: string;
  status?: number;
  details?: Record<string, unknown>;
}

function copied({ message, code, status, cause, details, retryAfter, audit }: VaultError, changes: Changes) {
  const { message: said = message, ...rest } = changes;
  return new VaultError(said, {
    ...{ code, status, cause },
    ...(details === undefined ? {} : { details }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(audit === undefined ? {} : { audit }),
    ...rest,
  });
}

/** What is shown: details that are for the audit only are left out. */
export function shown(refusal: VaultError): VaultError {
  return LOG_ONLY.has(reasonOf(refusal)) ? copied(refusal, { details: {} }) : refusal;
}

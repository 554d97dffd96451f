import type { ConnectionView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import type { PublicUrl } from '@strongroom/http';

/** In the audit only: a caller that did not authenticate, or whose request made no sense, learns no more than the code. */
const LOG_ONLY = new Set(['request_invalid', 'client_authentication_failed', 'client_public']);
const CONNECT_HELPS = new Set(['tokenset_not_found', 'reconnect_required', 'credential_unreadable', 'scope_missing']);

/** The closed list of `spec/wire-contract.md` §5.3. */
export const reasonOf = (refusal: VaultError): string => {
  const reason = refusal.details?.['reason'] ?? refusal.audit?.['reason'];
  if (typeof reason === 'string') return reason;
  return refusal.status === 503 ? 'store_unavailable' : 'unknown';
};

/**
 * The error as the caller gets it: with the connection it was about and how to begin the connect flow where that
 * helps (§5.3). `connect` is a hint, not a permission; nothing is created by it.
 */
export function explained(thrown: unknown, connection: ConnectionView | null, publicUrl: PublicUrl): VaultError {
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
  if (LOG_ONLY.has(reason) || !connection) return thrown;
  const account = thrown.details?.['account'] as { id?: string } | undefined;
  const scopes = thrown.details?.['missing_scopes'] as string[] | undefined;
  const connect = CONNECT_HELPS.has(reason) &&
    thrown.details?.['cause'] !== 'admin' && {
      connect: {
        endpoint: publicUrl.of('/me/v1/connected-accounts/connect'),
        body: {
          connection: connection.name,
          ...(account?.id ? { connected_account_id: account.id } : {}),
          ...(scopes?.length ? { scopes } : {}),
        },
      },
    };
  return copied(thrown, {
    ...thrown.details,
    connection: connection.name,
    ...(connect || {}),
    ...(thrown.code === 'user_not_found' ? { error_description_alias: true } : {}),
  });
}

function copied(error: VaultError, details: Record<string, unknown>): VaultError {
  return new VaultError(error.message, {
    code: error.code,
    status: error.status,
    cause: error.cause,
    details,
    ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
    ...(error.audit === undefined ? {} : { audit: error.audit }),
  });
}

/** What is shown: details that are for the audit only are left out. */
export function shown(refusal: VaultError): VaultError {
  if (!LOG_ONLY.has(reasonOf(refusal))) return refusal;
  return copied(refusal, {});
}

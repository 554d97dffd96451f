import { VaultError } from '@strongroom/errors';

/** The request itself is wrong: encoding, duplicates, missing or unknown parameters. */
export class RequestInvalidError extends VaultError {
  constructor(message: string, status: 400 | 413 = 400) {
    super(message, { code: 'invalid_request', status, details: { reason: 'request_invalid' } });
  }
}

/** Unknown, or not enabled for this client: one answer, so that names cannot be tried out. */
export class ConnectionNotAvailableError extends VaultError {
  constructor() {
    super('The connection does not exist or is not enabled for this client: enable it in its list of clients.', {
      code: 'invalid_request',
      status: 400,
      details: { reason: 'connection_not_available' },
    });
  }
}

export class VaultOffError extends VaultError {
  constructor() {
    super('Token Vault is not enabled for the provided connection', {
      code: 'invalid_request',
      status: 400,
      details: { reason: 'vault_off' },
    });
  }
}

/** A privileged worker asks for more than its client was given (`spec/wire-contract.md` §1.6). */
export class WorkerGrantError extends VaultError {
  constructor(what: 'connection' | 'scope') {
    super(`The ${what} is not in the grants of the client (token_vault_privileged_access).`, {
      code: 'access_denied',
      status: 403,
      details: { reason: `worker_${what}` },
    });
  }
}

/** The audit row is not durable, so nothing is handed out. */
export class AuditUnavailableError extends VaultError {
  constructor(cause: unknown) {
    super('The exchange could not be recorded, so no token is handed out. Try again.', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'audit_unavailable', retry_after: 2 },
      cause,
    });
  }
}

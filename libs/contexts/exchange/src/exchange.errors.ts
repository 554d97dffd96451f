import { VaultError } from '@strongroom/errors';

/** The request itself is wrong: encoding, duplicates, missing or unknown parameters. */
export class RequestInvalidError extends VaultError {
  constructor(message: string, status: 400 | 413 = 400) {
    super(message, { code: 'invalid_request', status, details: { reason: 'request_invalid' } });
  }
}

/** A way of reading tokens that other servers have and we do not. */
export class MethodNotOfferedError extends VaultError {
  constructor() {
    super(
      'Use POST /realms/{realm}/broker/{connection}/token with a form: token=<access token>, and the credentials of the client.',
      { code: 'invalid_request', status: 405 },
    );
  }
}

/** As the record has it: `identity`, which knows its grants, says it to the caller. */
export class UnsupportedGrantTypeError extends VaultError {
  constructor() {
    super('Unsupported grant type', { code: 'unsupported_grant_type', status: 400 });
  }
}

/** RFC 8693 §2.2.2: the target is named in a way that is not ours. */
export class TargetInvalidError extends VaultError {
  constructor(message: string) {
    super(message, { code: 'invalid_target', status: 400, details: { reason: 'request_invalid' } });
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
  /**
   * @param missing what the grants do not list
   * @param accountId whose token it would have been, where that was found out; for the audit
   */
  constructor(what: 'connection' | 'scope', missing: readonly string[], accountId: string | null = null) {
    super(`The ${what} is not in the grants of the client (token_vault_privileged_access): ${missing.join(' ')}`, {
      code: 'access_denied',
      status: 403,
      details: { reason: `worker_${what}` },
      audit: { accountId },
    });
  }
}

const BOUNDS = {
  connections: 'The policy of this client does not list the connection (vault_policy.connections).',
  scopes: 'More scopes than the policy of this client lets through (vault_policy.scopes).',
  scopes_not_narrowable:
    'The tokens of this account carry more scopes than the policy of this client lets through (vault_policy.scopes), ' +
    'and its provider cannot be asked for less.',
  expires_at: 'The policy of this client has ended (vault_policy.expires_at).',
};

/** The bounds that an administrator has set for the client (`spec/wire-contract.md` §5.6). */
export class ClientPolicyError extends VaultError {
  /** @param accountId as of `WorkerGrantError` */
  constructor(bound: keyof typeof BOUNDS, accountId: string | null = null) {
    super(`${BOUNDS[bound]} An administrator can change it with update:clients.`, {
      code: 'access_denied',
      status: 403,
      details: { reason: 'client_policy' },
      audit: { accountId },
    });
  }
}

/** More exchanges in a minute than the client's policy allows. */
export class ExchangeRateError extends VaultError {
  constructor(limit: number, retryAfter: number) {
    super(
      `More than ${limit} exchanges in a minute (vault_policy.exchanges_per_minute of this client). ` +
        `Wait as long as Retry-After says, and keep tokens until they end.`,
      {
        code: 'too_many_requests',
        status: 429,
        retryAfter,
        details: { reason: 'rate_limited', retry_after: Math.max(1, Math.ceil(retryAfter)) },
      },
    );
  }
}

/** A question about a client that is not there. */
export class InexistentClientError extends VaultError {
  constructor() {
    super('The client does not exist.', { code: 'inexistent_client', status: 404 });
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

import { VaultError } from '@strongroom/errors';

type Facts = Readonly<Record<string, string | null>>;
type Reason = 'worker_jwt_invalid' | 'worker_jwt_stale' | 'worker_jwt_replayed' | 'subject_invalid';

/** The request that a worker signed is not good. Says which check it failed, and repeats nothing of it. */
export class WorkerJwtError extends VaultError {
  constructor(why: string, reason: Reason, audit?: Facts) {
    super(`The subject token ${why}. Sign a new one for every exchange.`, {
      code: 'invalid_grant',
      status: 401,
      details: { reason },
      audit: { reason, ...audit },
    });
  }

  /** It cannot be what it should be, whoever made it. */
  static malformed(why: string, audit: Facts): VaultError {
    const reason = 'worker_jwt_invalid';
    return new VaultError(`The subject token is no request of a privileged worker: ${why}.`, {
      ...{ code: 'invalid_request', status: 400, details: { reason }, audit: { reason, ...audit } },
    });
  }
}

export class WorkerAddressError extends VaultError {
  constructor(audit: Facts) {
    super(
      'The address that this request came from is not in the ip_allowlist of the client (token_vault_privileged_access).',
      {
        code: 'access_denied',
        status: 403,
        details: { reason: 'worker_address' },
        audit: { reason: 'worker_address', ...audit },
      },
    );
  }
}

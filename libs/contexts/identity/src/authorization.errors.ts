import { VaultError } from '@strongroom/errors';

type Facts = Readonly<Record<string, string | null>>;

/** The request itself cannot be served. */
export class InvalidRequestError extends VaultError {
  constructor(message: string, audit?: Facts) {
    super(message, { code: 'invalid_request', status: 400, audit: { reason: 'request_invalid', ...audit } });
  }
}

export class BodyTooLargeError extends VaultError {
  constructor() {
    super('the body is larger than 32 KiB', { code: 'invalid_request', status: 413 });
  }
}

/** One answer for every way in which a client failed to prove itself; the way is for the log only. */
export class InvalidClientError extends VaultError {
  constructor(why: string, audit?: Facts) {
    super('Client authentication failed', {
      code: 'invalid_client',
      status: 401,
      audit: { reason: 'client_authentication_failed', ...audit },
      cause: new Error(why),
    });
  }
}

export class UnauthorizedClientError extends VaultError {
  constructor(message: string, reason: string, setting: string, audit?: Facts) {
    super(message, {
      code: 'unauthorized_client',
      status: 403,
      details: { reason, setting },
      audit: { reason, ...audit },
    });
  }

  static grant(grantType: string, audit?: Facts): UnauthorizedClientError {
    const message = `Grant type '${grantType}' not allowed for the client.`;
    return new UnauthorizedClientError(message, 'client_grant_missing', 'grant_types', audit);
  }
}

export type SubjectReason = 'subject_invalid' | 'subject_expired' | 'subject_revoked';

export class InvalidRefreshTokenError extends VaultError {
  constructor(reason: SubjectReason, audit?: Facts) {
    super('Unknown or invalid refresh token.', {
      code: 'invalid_grant',
      status: 403,
      details: { reason },
      audit: { reason, ...audit },
    });
  }
}

export class InvalidAccessTokenSubjectError extends VaultError {
  constructor(why: string, reason: SubjectReason, audit?: Facts) {
    super(`The access token ${why}. Fetch a new one for this API and try again.`, {
      code: 'invalid_grant',
      status: 401,
      details: { reason },
      audit: { reason, ...audit },
    });
  }
}

export class UserBlockedError extends VaultError {
  constructor(audit?: Facts) {
    super('user is blocked', {
      code: 'invalid_grant',
      status: 403,
      details: { reason: 'user_blocked' },
      audit: { reason: 'user_blocked', ...audit },
    });
  }
}

/** The tenant asks for a second factor in every sign-in, and an exchange cannot show one. */
export class MfaRequiredError extends VaultError {
  constructor(audit?: Facts) {
    super(
      'Multifactor authentication required. An exchange cannot answer it: set the MFA policy to Never ' +
        '(PUT /api/v2/guardian/policies with an empty list) and ask for the second factor at sign-in.',
      { code: 'mfa_required', status: 401, details: { reason: 'mfa_policy_always' }, ...(audit ? { audit } : {}) },
    );
  }
}

/** A token that is not good for one of our own APIs. */
export class InvalidTokenError extends VaultError {
  constructor(why: string, details: { reason?: 'missing' } = {}) {
    super(`Invalid token: ${why}`, { code: 'invalid_token', status: 401, details });
  }
}

/** The whole API has been taken away: what stands under it is not there, whoever asks. */
export class ApiNotFoundError extends VaultError {
  constructor({ method, url }: { method: string; url: string }) {
    const found = `The requested resource ${method} ${new URL(url).pathname} was not found.`;
    super(`${found} The API has been deleted; create it again to have it back.`, { code: 'not_found', status: 404 });
  }
}

export class UnsupportedGrantTypeError extends VaultError {
  constructor(grantType: string) {
    super(`Unsupported grant type: ${grantType.slice(0, 100)}`, { code: 'unsupported_grant_type', status: 400 });
  }
}

export class InvalidTargetError extends VaultError {
  constructor(audience: string) {
    super(
      `No token for audience ${audience.slice(0, 255)} with this refresh token: the client needs a policy for it ` +
        `(refresh_token.policies), and the API must allow that client.`,
      { code: 'invalid_target', status: 400 },
    );
  }
}

export class InvalidScopeError extends VaultError {
  constructor() {
    super('None of the requested scopes may be granted.', { code: 'invalid_scope', status: 400 });
  }
}

export class AccessDeniedError extends VaultError {
  constructor(message: string) {
    super(message, { code: 'access_denied', status: 403 });
  }
}

/** A page that cannot go on. */
export class PageEndedError extends VaultError {
  constructor(message: string, status = 400) {
    super(message, { code: 'invalid_request', status });
  }
}

/** A code of the connect flow's own sign-in that is not good (any more). */
export class SignInRefusedError extends VaultError {
  constructor() {
    super('The sign-in has ended, or was used before. Start again.', { code: 'invalid_grant', status: 400 });
  }
}

import { VaultError } from '@strongroom/errors';

/** The connection cannot be used as it is configured; an administrator must change it. */
export class ConnectionMisconfiguredError extends VaultError {
  constructor(detail: string) {
    super(`the connection is misconfigured: ${detail}`, {
      code: 'server_error',
      status: 502,
      details: { reason: 'connection_misconfigured' },
      retryAfter: 60,
    });
  }
}

export type IdTokenFault = 'signature' | 'algorithm' | 'issuer' | 'audience' | 'time' | 'nonce' | 'subject' | 'form';

/** The ID token is not what this connection's provider would give for this flow. */
export class IdTokenRefusedError extends VaultError {
  constructor(
    readonly fault: IdTokenFault,
    cause?: unknown,
  ) {
    super('the provider answered with an ID token that does not belong to this flow', {
      code: 'id_token_refused',
      status: 400,
      details: { fault },
      cause,
    });
  }
}

/** The provider's keys or metadata cannot be had at the moment. */
export class ProviderUnavailableError extends VaultError {
  constructor(what: string, cause?: unknown) {
    super(`${what} could not be fetched from the provider, try again`, {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 5,
      cause,
    });
  }
}

/** What stands at a discovery address cannot be used; the message says why. */
export class DiscoveryError extends VaultError {
  constructor(detail: string, cause?: unknown) {
    super(detail, { code: 'discovery_failed', status: 400, cause });
  }
}

import { VaultError } from '@strongroom/errors';
import type { ParamSource } from './provider-entry.js';

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

export interface MissingParameter {
  name: string;
  source: ParamSource;
  fault: 'missing' | 'invalid';
}

/** The connection is complete, and this flow or account has not said what else the provider must be addressed by. */
export class MissingParametersError extends ConnectionMisconfiguredError {
  constructor(readonly parameters: MissingParameter[]) {
    super(parameters.map(({ name, fault }) => `the parameter ${name} is ${fault}`).join(', '));
  }
}

export interface CatalogueFault {
  file: string;
  /** RFC 6901, in that file. */
  pointer: string;
  message: string;
}

/** A file of provider entries cannot be used; the start ends here. */
export class InvalidCatalogueError extends Error {
  constructor(readonly faults: CatalogueFault[]) {
    super(faults.map(({ file, pointer, message }) => `${file}: ${pointer || 'the whole file'}: ${message}`).join('\n'));
    this.name = 'InvalidCatalogueError';
  }
}

export type IdTokenFault =
  'signature' | 'algorithm' | 'issuer' | 'audience' | 'time' | 'nonce' | 'subject' | 'claims' | 'form';

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

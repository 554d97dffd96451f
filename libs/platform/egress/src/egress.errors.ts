import { VaultError } from '@strongroom/errors';

/** The policy says no; nothing was sent. The message names the operator's setting and at most the URL's origin. */
export class EgressRefusedError extends VaultError {
  constructor(why: string) {
    super(`${why}. The operator can allow an origin with STRONGROOM_EGRESS_ALLOW.`, {
      code: 'egress_refused',
      status: 400,
    });
  }
}

export type EgressFailure =
  | 'dns'
  | 'connect'
  | 'proxy'
  | 'tls'
  | 'timeout'
  | 'aborted'
  | 'connection_lost'
  | 'invalid_request'
  | 'invalid_answer'
  | 'too_large'
  | 'too_deep'
  | 'closed';

/**
 * No answer, or none that may be used. Carries no text of the other side and no original error: those quote headers
 * and bodies.
 */
export class EgressFailedError extends VaultError {
  constructor(
    readonly reason: EgressFailure,
    /** `no`: surely not a byte of the request has left. Anything else is `maybe`. */
    readonly sent: 'no' | 'maybe',
    /** The system's or library's code, such as ECONNREFUSED. */
    readonly systemCode: string | null = null,
  ) {
    super('the provider could not be reached or did not answer as it should; try again', {
      code: 'temporarily_unavailable',
      status: 503,
      cause: new Error(`outbound request failed: ${reason}${systemCode ? ` (${systemCode})` : ''}, sent: ${sent}`),
    });
  }
}

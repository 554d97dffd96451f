import { VaultError } from '@strongroom/errors';

/** Nobody can say whether it was used before, so it counts as used. */
export class ReplayStoreAwayError extends VaultError {
  constructor(cause: unknown) {
    super('proofs cannot be checked for replay at the moment, try again', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'store_unavailable', retry_after: 2 },
      cause,
    });
  }
}

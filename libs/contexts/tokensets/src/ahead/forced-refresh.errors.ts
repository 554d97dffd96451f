import { VaultError } from '@strongroom/errors';
import { type ReconnectReason, REMEDIES } from '../tokensets.errors.js';

/** Nobody but the person, or an administrator at the provider, can change that. */
export class NotRefreshableError extends VaultError {
  constructor(reason: ReconnectReason | 'insufficient_scope') {
    const why =
      reason === 'insufficient_scope'
        ? 'the provider gives no token for the scopes that were granted. Ask the person to connect again.'
        : REMEDIES[reason];
    super(`The tokenset cannot be refreshed: ${why}`, { code: reason, status: 409, details: { reason } });
  }
}

export class ForcedTooOftenError extends VaultError {
  constructor(seconds: number) {
    super('A refresh of this tokenset was forced less than a minute ago. Wait, and look at the list meanwhile.', {
      code: 'too_many_requests',
      status: 429,
      retryAfter: seconds,
    });
  }
}

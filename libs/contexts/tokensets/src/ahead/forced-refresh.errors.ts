import { VaultError } from '@strongroom/errors';
import { type ReconnectReason, REMEDIES } from '../tokensets.errors.js';

const WHY: Record<ReconnectReason | 'insufficient_scope', string> = {
  ...REMEDIES,
  // Its access token may still be good.
  no_refresh_token: 'the provider gave no refresh token. Ask the person to connect again with offline access.',
  insufficient_scope: 'the provider gives no token for the scopes that were granted. Ask the person to connect again.',
};

/** Nobody but the person, or an administrator at the provider, can change that. */
export class NotRefreshableError extends VaultError {
  constructor(reason: ReconnectReason | 'insufficient_scope') {
    super(`The tokenset cannot be refreshed: ${WHY[reason]}`, { code: reason, status: 409, details: { reason } });
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

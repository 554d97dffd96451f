import type { Receipt } from './receipts.queries.js';

/** Why an account has to be connected again (the closed list of the refresh). */
const RECONNECT: Readonly<Record<string, string>> = {
  revoked_or_expired: 'Access was withdrawn at the provider, or it has run out.',
  lost_rotation: 'The provider’s last answer was lost on its way, and only a new sign-in there gives another.',
  no_refresh_token: 'The provider gave access for a short time only, and that time is over.',
  interaction: 'The provider wants you to do something there: to sign in again, or to agree to new terms.',
  admin: 'An administrator of your organisation has to allow it at the provider.',
  endpoint_changed: 'The provider’s address has changed, and what was stored is not sent to the new one.',
  unreadable: 'What was stored cannot be read any more.',
  rejected: 'The provider has refused it again and again without a reason.',
};

export const reconnectReason = (reason: string | null): string =>
  (reason !== null && RECONNECT[reason]) || 'The provider does not accept it any more.';

const DEEDS: Readonly<Record<Receipt['type'], string>> = {
  exchanged: 'Got access',
  refused: 'Was refused',
  connected: 'Connected',
  connect_failed: 'Connecting failed',
  disconnected: 'Disconnected',
  reconnect_required: 'Has to be connected again',
  signed_in: 'Signed in',
};

export const deed = (type: Receipt['type']): string => DEEDS[type];

const REASONS: Readonly<Record<string, string>> = {
  ...RECONNECT,
  tokenset_not_found: 'No account was connected.',
  reconnect_required: 'The account has to be connected again.',
  credential_unreadable: 'What was stored cannot be read any more.',
  scope_missing: 'It asked for more than you have allowed.',
  scope_not_narrowable: 'The provider gives no access to a part alone.',
  account_ambiguous: 'You have several accounts there, and it did not say which.',
  account_not_found: 'It asked for an account that you have not connected.',
  connection_not_available: 'It may not use this service.',
  client_policy: 'An administrator has limited what it may do.',
  paused_by_person: 'You have paused it.',
  rate_limited: 'It asked too often.',
  provider_unavailable: 'The provider did not answer.',
  mfa_policy_always: 'A second factor is needed.',
  denied: 'It was cancelled.',
  expired: 'It took too long.',
  user_mismatch: 'Somebody else was signed in.',
  account_conflict: 'Somebody else has connected this account.',
  replayed: 'The link had been used before.',
  provider_error: 'The provider refused.',
  redeem_failed: 'The provider refused.',
};

/** What has no words of its own is still better than nothing. */
export const whyOf = (reason: string | undefined): string | null =>
  reason === undefined ? null : (REASONS[reason] ?? `${reason.replaceAll('_', ' ')}.`);

export const WARNINGS: Readonly<Record<string, string>> = {
  no_refresh_token: 'The provider gave no lasting access: once it has run out, the account has to be connected again.',
};

/** What the redirect of a connect says, in the codes of OAuth. */
const CONNECT_ERRORS: Readonly<Record<string, string>> = {
  access_denied: 'It was cancelled, here or at the provider.',
  login_required: 'The provider wants you to sign in there first.',
  temporarily_unavailable: 'The provider is away for the moment.',
  invalid_scope: 'The provider does not give what was asked for.',
};

export const connectError = (code: string): string => CONNECT_ERRORS[code] ?? 'The provider did not accept it.';

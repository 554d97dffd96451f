import type { ConnectedAccountEntity } from '../accounts/connected-account.entity.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';

type Pinned = Pick<ConnectSessionEntity, 'pinnedAccountId'>;

/** The account that this will most likely renew: the pinned one, else the only one there is. */
export function likelyAccount(
  { pinnedAccountId }: Pinned,
  accounts: ConnectedAccountEntity[],
): ConnectedAccountEntity | undefined {
  if (pinnedAccountId !== null) return accounts.find(({ id }) => id === pinnedAccountId);
  return accounts.length === 1 ? accounts[0] : undefined;
}

/**
 * Whether the provider must ask again, where it gives a refresh token only then: when an account is renewed, or there may
 * be one without a token that works. Not by habit, because each consent may end an older grant.
 */
export const needsConsent = ({ pinnedAccountId }: Pinned, accounts: ConnectedAccountEntity[]): boolean =>
  pinnedAccountId !== null ||
  accounts.length === 0 ||
  accounts.some(({ status, hasRefreshToken }) => status === 'reconnect_required' || !hasRefreshToken);

/** The two halves of the page. Each has a token of its own, for one API. */
export type Area = 'account' | 'dashboard';

interface AreaSettings {
  /** What the token is for, below the origin. */
  audience: string;
  scope: string;
  callback: string;
}

const MY_ACCOUNT = ['create', 'read', 'update', 'delete'].map((verb) => `${verb}:me:connected_accounts`);
const WHO = 'openid profile email';

/** An administrator's token has every scope, whatever is asked for, and comes without a refresh token. */
export const AREAS: Readonly<Record<Area, AreaSettings>> = {
  account: {
    audience: '/me/',
    scope: [WHO, 'offline_access', ...MY_ACCOUNT, 'read:me:receipts', 'read:me:sessions', 'delete:me:sessions'].join(
      ' ',
    ),
    callback: '/account/callback',
  },
  dashboard: { audience: '/api/v2/', scope: WHO, callback: '/dashboard/callback' },
};

export const areaOf = (pathname: string): Area => (/^\/dashboard(?:\/|$)/.test(pathname) ? 'dashboard' : 'account');

import type { PublicUrl } from '@strongroom/http';
import { MANAGEMENT_API, MY_ACCOUNT_API } from './built-in.js';
import { defaultSettings, type ClientSettings } from '../clients/client-settings.js';
import { MANAGEMENT_SCOPES, MY_ACCOUNT_SCOPES, OWN_PAGE_SCOPES } from './management-scopes.js';
import { defaultApi } from '../apis/resource-server-view.js';

const named = (scopes: readonly string[]) => scopes.map((value) => ({ value }));

/** Nobody gets a token for it but machines with a grant, and administrators through the dashboard. */
export const managementApi = ({ managementAudience: identifier }: PublicUrl) => ({
  ...defaultApi(identifier),
  id: MANAGEMENT_API,
  identifier,
  name: 'Strongroom Management API',
  scopes: named(MANAGEMENT_SCOPES),
  userPolicy: 'deny_all' as const,
  builtIn: true,
});

/** For people only, and only through clients that were granted it (`spec/wire-contract.md` §2). */
export const myAccountApi = ({ myAccountAudience: identifier }: PublicUrl) => ({
  ...defaultApi(identifier),
  id: MY_ACCOUNT_API,
  identifier,
  name: 'Strongroom My Account API',
  scopes: named([...MY_ACCOUNT_SCOPES, ...OWN_PAGE_SCOPES]),
  allowOfflineAccess: true,
  skipConsentForVerifiableFirstPartyClients: true,
  userPolicy: 'require_client_grant' as const,
  clientPolicy: 'deny_all' as const,
  builtIn: true,
});

const ownPublicClient: ClientSettings = { ...defaultSettings({ app_type: 'spa' }), oidcConformant: true };

/** Tells the connect flow who is signed in, and nothing else: its codes are redeemed here, no token is made. */
export const connectSettings = (url: PublicUrl): ClientSettings => ({
  ...ownPublicClient,
  name: 'Strongroom connect',
  appType: 'regular_web',
  grantTypes: ['authorization_code'],
  callbacks: [url.of('/connected-accounts/connect/signed-in')],
});

export const dashboardSettings = (url: PublicUrl): ClientSettings => ({
  ...ownPublicClient,
  name: 'Strongroom',
  callbacks: [url.of('/dashboard/callback'), url.of('/account/callback')],
  allowedLogoutUrls: [url.of('/dashboard'), url.of('/account')],
  webOrigins: [url.origin],
  refreshToken: {
    rotation_type: 'rotating',
    expiration_type: 'expiring',
    policies: [{ audience: url.myAccountAudience, scope: [...MY_ACCOUNT_SCOPES, ...OWN_PAGE_SCOPES] }],
  },
});

export const managementSettings = (): ClientSettings => ({
  ...defaultSettings({ app_type: 'non_interactive' }),
  name: 'Strongroom management',
  oidcConformant: true,
});

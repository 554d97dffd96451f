import type { ClientEntity } from './client.entity.js';
import { present } from '../members.js';

/** A client as the Management API shows one; `secret` only to who may see it. */
export const clientView = (client: ClientEntity, secret: string | null = null): Record<string, unknown> =>
  present({
    ...client.stored,
    client_id: client.clientId,
    global: false,
    name: client.name,
    description: client.description,
    app_type: client.appType,
    resource_server_identifier: client.resourceServerIdentifier,
    is_first_party: client.isFirstParty,
    oidc_conformant: client.oidcConformant,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    client_authentication_methods: client.clientAuthenticationMethods,
    grant_types: client.grantTypes,
    callbacks: client.callbacks,
    allowed_logout_urls: client.allowedLogoutUrls,
    web_origins: client.webOrigins,
    refresh_token: client.refreshToken,
    require_pkce: client.requirePkce,
    require_proof_of_possession: client.requireProofOfPossession,
    require_pushed_authorization_requests: client.requirePushedAuthorizationRequests,
    require_mfa_at_login: client.requireMfaAtLogin,
    token_vault_privileged_access: client.tokenVaultPrivilegedAccess,
    vault_policy: client.vaultPolicy,
    client_secret: secret,
  });

/** What events say of a client. */
export const clientEventData = (client: ClientEntity) => ({
  clientId: client.clientId,
  name: client.name,
  appType: client.appType,
  firstParty: client.isFirstParty,
  grantTypes: client.grantTypes,
  status: 'active' as const,
});

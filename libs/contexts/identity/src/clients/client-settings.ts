import { ValidationError, type Problem } from '@strongroom/http';
import type { ClientEntity } from './client.entity.js';
import { STORED_OF_CLIENT, type CreateClient, type UpdateClient } from './client.schema.js';
import { merged, split } from '../members.js';

/** Everything a body can set by itself; keys, secrets and bookkeeping come from elsewhere. */
export type ClientSettings = Omit<
  ClientEntity,
  | 'clientId'
  | 'clientAuthenticationMethods'
  | 'tokenVaultPrivilegedAccess'
  | 'secretHash'
  | 'secretSealed'
  | 'builtIn'
  | 'eventVersion'
  | 'createdAt'
>;

const DEFAULT_GRANT_TYPES: Record<string, string[]> = {
  native: ['authorization_code', 'refresh_token'],
  spa: ['authorization_code', 'refresh_token'],
  regular_web: ['authorization_code', 'refresh_token'],
  non_interactive: ['client_credentials'],
  resource_server: [],
};
const ALL_GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'];

/** What a new client has before its body is read. */
export function defaultSettings({ app_type, client_authentication_methods }: Partial<CreateClient>): ClientSettings {
  const isPublic = app_type === 'spa' || app_type === 'native';
  return {
    name: '',
    description: null,
    appType: app_type ?? null,
    resourceServerIdentifier: null,
    isFirstParty: true,
    oidcConformant: app_type === 'resource_server',
    tokenEndpointAuthMethod: client_authentication_methods ? null : isPublic ? 'none' : 'client_secret_post',
    grantTypes: DEFAULT_GRANT_TYPES[app_type ?? ''] ?? ALL_GRANT_TYPES,
    callbacks: [],
    allowedLogoutUrls: [],
    webOrigins: [],
    refreshToken: null,
    requirePkce: true,
    requireProofOfPossession: false,
    requirePushedAuthorizationRequests: false,
    requireMfaAtLogin: null,
    vaultPolicy: null,
    stored: {},
  };
}

/** The settings after a body; members that it does not name stay. */
export function settingsAfter(before: ClientSettings, body: Partial<CreateClient & UpdateClient>): ClientSettings {
  const [stored] = split(body as Record<string, unknown>, STORED_OF_CLIENT);
  const given = <T>(value: T | undefined, present: T): T => (value === undefined ? present : value);
  return {
    name: given(body.name, before.name),
    description: given(body.description, before.description),
    appType: given(body.app_type, before.appType),
    resourceServerIdentifier: given(body.resource_server_identifier, before.resourceServerIdentifier),
    isFirstParty: given(body.is_first_party, before.isFirstParty),
    oidcConformant: given(body.oidc_conformant, before.oidcConformant),
    tokenEndpointAuthMethod: methodAfter(before, body),
    grantTypes: given(body.grant_types, before.grantTypes),
    callbacks: given(body.callbacks, before.callbacks),
    allowedLogoutUrls: given(body.allowed_logout_urls, before.allowedLogoutUrls),
    webOrigins: given(body.web_origins, before.webOrigins),
    refreshToken: given(body.refresh_token as ClientSettings['refreshToken'], before.refreshToken),
    requirePkce: given(body.require_pkce, before.requirePkce),
    requireProofOfPossession: given(body.require_proof_of_possession, before.requireProofOfPossession),
    requirePushedAuthorizationRequests: given(
      body.require_pushed_authorization_requests,
      before.requirePushedAuthorizationRequests,
    ),
    requireMfaAtLogin: given(body.require_mfa_at_login, before.requireMfaAtLogin),
    vaultPolicy: given(body.vault_policy as ClientSettings['vaultPolicy'], before.vaultPolicy),
    stored: merged(before.stored, stored),
  };
}

/** Keys take the place of the secret; taking the keys away brings the secret back. */
function methodAfter(
  before: ClientSettings,
  { token_endpoint_auth_method: method, client_authentication_methods: keys }: Partial<CreateClient>,
): ClientSettings['tokenEndpointAuthMethod'] {
  if (method !== undefined) return method;
  if (keys) return null;
  return keys === null ? (before.tokenEndpointAuthMethod ?? 'client_secret_post') : before.tokenEndpointAuthMethod;
}

/** Rules that look at several members. @throws ValidationError naming each member that is wrong */
export function checkSettings(settings: ClientSettings, hasKeys: boolean): void {
  const problems: Problem[] = [];
  const refuse = (member: string, detail: string) => problems.push({ path: [member], detail });
  const isPublic = settings.tokenEndpointAuthMethod === 'none';
  if (isPublic && !settings.requirePkce) refuse('require_pkce', 'a public client always needs PKCE');
  if (hasKeys && settings.tokenEndpointAuthMethod !== null)
    refuse('token_endpoint_auth_method', 'must be null beside client_authentication_methods');
  if (!hasKeys && settings.tokenEndpointAuthMethod === null)
    refuse('token_endpoint_auth_method', 'may be null only beside client_authentication_methods');
  if (settings.appType === 'resource_server') {
    if (isPublic) refuse('token_endpoint_auth_method', "an API's own client is confidential");
    if (!settings.oidcConformant) refuse('oidc_conformant', "an API's own client is OIDC conformant");
    if (settings.resourceServerIdentifier === null)
      refuse('resource_server_identifier', 'is needed with resource_server');
  } else if (settings.resourceServerIdentifier !== null)
    refuse('resource_server_identifier', 'is for app_type resource_server only');
  if (problems.length > 0) throw new ValidationError('body', problems);
}

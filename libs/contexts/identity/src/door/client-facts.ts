import type { ClientEntity, ClientPolicy, RefreshTokenSettings } from '../clients/client.entity.js';

/** What authentication and the rules of the token endpoint ask of a client. */
export type ClientFacts = Pick<
  ClientEntity,
  | 'clientId'
  | 'appType'
  | 'resourceServerIdentifier'
  | 'isFirstParty'
  | 'oidcConformant'
  | 'tokenEndpointAuthMethod'
  | 'clientAuthenticationMethods'
  | 'grantTypes'
  | 'refreshToken'
  | 'requirePkce'
  | 'requireProofOfPossession'
  | 'vaultPolicy'
  | 'secretHash'
>;

/** `clients c`, as one JSON-free row that `clientFacts` reads. */
export const CLIENT_COLUMNS = `c.client_id, c.app_type, c.resource_server_identifier, c.is_first_party, c.oidc_conformant,
  c.token_endpoint_auth_method, c.client_authentication_methods, c.grant_types, c.refresh_token, c.require_pkce, c.require_proof_of_possession, c.vault_policy, c.secret_hash`;

export interface ClientRow {
  client_id: string;
  app_type: string | null;
  resource_server_identifier: string | null;
  is_first_party: boolean;
  oidc_conformant: boolean;
  token_endpoint_auth_method: ClientEntity['tokenEndpointAuthMethod'];
  client_authentication_methods: ClientEntity['clientAuthenticationMethods'];
  grant_types: string[];
  refresh_token: RefreshTokenSettings | null;
  require_pkce: boolean;
  require_proof_of_possession: boolean;
  vault_policy: ClientPolicy | null;
  secret_hash: Buffer | null;
}

export const clientFacts = (row: ClientRow): ClientFacts => ({
  clientId: row.client_id,
  appType: row.app_type,
  resourceServerIdentifier: row.resource_server_identifier,
  isFirstParty: row.is_first_party,
  oidcConformant: row.oidc_conformant,
  tokenEndpointAuthMethod: row.token_endpoint_auth_method,
  clientAuthenticationMethods: row.client_authentication_methods,
  grantTypes: row.grant_types,
  refreshToken: row.refresh_token,
  requirePkce: row.require_pkce,
  requireProofOfPossession: row.require_proof_of_possession,
  vaultPolicy: row.vault_policy,
  secretHash: row.secret_hash,
});

/** A client that proves itself; the others are public. */
export const isConfidential = (
  client: Pick<ClientFacts, 'tokenEndpointAuthMethod' | 'clientAuthenticationMethods'>,
): boolean =>
  client.clientAuthenticationMethods !== null ||
  (client.tokenEndpointAuthMethod !== null && client.tokenEndpointAuthMethod !== 'none');

export const rotates = (client: Pick<ClientFacts, 'refreshToken'>): boolean =>
  client.refreshToken?.rotation_type === 'rotating';

const YEAR = 365 * 24 * 3600;
/** "Never" is a date as well: a row without an end would never be swept. */
const NEVER = 10 * YEAR;

/** Seconds a refresh token lives from its first issue, and from each use. */
export function refreshLifetimes(settings: RefreshTokenSettings | null): { absolute: number; idle: number } {
  if (!settings || settings.expiration_type !== 'expiring') return { absolute: NEVER, idle: NEVER };
  return {
    absolute: settings.infinite_token_lifetime ? NEVER : (settings.token_lifetime ?? 2_592_000),
    idle: settings.infinite_idle_token_lifetime ? NEVER : (settings.idle_token_lifetime ?? 1_296_000),
  };
}

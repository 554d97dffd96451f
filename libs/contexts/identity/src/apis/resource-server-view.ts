import { changedMembers, merged, present, split } from '../members.js';
import type { ResourceServerEntity } from './resource-server.entity.js';
import { STORED_OF_API, type UpdateResourceServer } from './resource-server.schema.js';

/** Everything a body can set. */
export type ApiSettings = Omit<
  ResourceServerEntity,
  'id' | 'identifier' | 'builtIn' | 'adopted' | 'eventVersion' | 'createdAt'
>;

/** What an API has that was created with an identifier alone. */
export const defaultApi = (identifier: string): ApiSettings => ({
  name: identifier,
  scopes: [],
  signingAlg: 'RS256',
  allowOfflineAccess: false,
  tokenLifetime: 86_400,
  tokenDialect: 'access_token',
  skipConsentForVerifiableFirstPartyClients: false,
  userPolicy: 'allow_all',
  clientPolicy: 'require_client_grant',
  proofOfPossession: null,
  stored: {},
});

/** The settings after a body; members that it does not name stay. */
export function apiAfter(before: ApiSettings, body: UpdateResourceServer): ApiSettings {
  const policies = body.subject_type_authorization;
  return {
    name: body.name ?? before.name,
    scopes: body.scopes ?? before.scopes,
    signingAlg: body.signing_alg ?? before.signingAlg,
    allowOfflineAccess: body.allow_offline_access ?? before.allowOfflineAccess,
    tokenLifetime: body.token_lifetime ?? before.tokenLifetime,
    tokenDialect: body.token_dialect ?? before.tokenDialect,
    skipConsentForVerifiableFirstPartyClients:
      body.skip_consent_for_verifiable_first_party_clients ?? before.skipConsentForVerifiableFirstPartyClients,
    userPolicy: policies?.user?.policy ?? before.userPolicy,
    clientPolicy: policies?.client?.policy ?? before.clientPolicy,
    proofOfPossession: body.proof_of_possession === undefined ? before.proofOfPossession : body.proof_of_possession,
    stored: merged(before.stored, split(body as Record<string, unknown>, STORED_OF_API)[0]),
  };
}

/** An API as the Management API shows one. */
export const resourceServerView = (api: ResourceServerEntity): Record<string, unknown> =>
  present({
    ...api.stored,
    id: api.id,
    identifier: api.identifier,
    name: api.name,
    is_system: api.builtIn,
    scopes: api.scopes,
    signing_alg: api.signingAlg,
    allow_offline_access: api.allowOfflineAccess,
    token_lifetime: api.tokenLifetime,
    token_dialect: api.tokenDialect,
    skip_consent_for_verifiable_first_party_clients: api.skipConsentForVerifiableFirstPartyClients,
    subject_type_authorization: { user: { policy: api.userPolicy }, client: { policy: api.clientPolicy } },
    proof_of_possession: api.proofOfPossession,
  });

export const apiEventData = ({ id, identifier, scopes }: ResourceServerEntity) => ({
  resourceServerId: id,
  identifier,
  scopes: scopes.map(({ value }) => value),
});

/** Names of the members in which two states differ. */
export const apiChanges = (before: ResourceServerEntity, after: ResourceServerEntity): string[] =>
  changedMembers(resourceServerView(before), resourceServerView(after));

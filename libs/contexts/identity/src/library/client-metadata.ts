import type { AllClientMetadata } from 'oidc-provider';
import type { ClientEntity } from '../clients/client.entity.js';
import { isConfidential } from '../door/client-facts.js';

/** Grants that the library knows here; another in its metadata makes it refuse the whole client. */
const SERVED = ['authorization_code', 'refresh_token', 'client_credentials'];

/** What of ours rides on the library's client. */
export interface OwnClientData {
  confidential: boolean;
  firstParty: boolean;
  requirePkce: boolean;
  refreshToken: ClientEntity['refreshToken'];
}

export const ownData = (client: object): OwnClientData => (client as { strongroom: OwnClientData }).strongroom;

/** A client as the library sees it: always public, because the door has authenticated it already. */
export function clientMetadata(row: ClientEntity): AllClientMetadata {
  const grantTypes = row.grantTypes.filter((grant) => SERVED.includes(grant));
  const signsIn = row.callbacks.length > 0 && grantTypes.includes('authorization_code');
  const own: OwnClientData = {
    confidential: isConfidential(row),
    firstParty: row.isFirstParty,
    requirePkce: row.requirePkce,
    refreshToken: row.refreshToken,
  };
  return {
    client_id: row.clientId,
    client_name: row.name,
    token_endpoint_auth_method: 'none',
    application_type: 'web',
    grant_types: grantTypes,
    response_types: signsIn ? ['code'] : [],
    redirect_uris: row.callbacks,
    require_pushed_authorization_requests: row.requirePushedAuthorizationRequests,
    dpop_bound_access_tokens: row.requireProofOfPossession,
    strongroom: own,
  };
}

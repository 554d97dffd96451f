import { InvalidClientError, UnauthorizedClientError } from '../authorization.errors.js';
import { type ClientFacts, isConfidential } from '../door/client-facts.js';

const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';
const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** Who may use the vault's own grant may ask for the same in plain RFC 8693; not the other way round. */
const ALSO_BY: Readonly<Record<string, string>> = { [TOKEN_EXCHANGE_GRANT]: VAULT_GRANT };
/** What a client may exchange with. */
export const EXCHANGE_GRANTS = [VAULT_GRANT, TOKEN_EXCHANGE_GRANT];

/** The rules for a client that exchanges, in the order of `spec/wire-contract.md` §1.2 and §1.3. */
export function demandExchangingClient(client: ClientFacts, grantType: string): void {
  const audit = { clientId: client.clientId };
  if (!isConfidential(client))
    throw new InvalidClientError('a public client cannot exchange', { ...audit, reason: 'client_public' });
  if (![grantType, ALSO_BY[grantType]].some((one) => one !== undefined && client.grantTypes.includes(one)))
    throw UnauthorizedClientError.grant(grantType, audit);
  if (!client.isFirstParty)
    throw new UnauthorizedClientError(
      'Third-party clients may not exchange tokens: set is_first_party to true on the client.',
      'client_third_party',
      'is_first_party',
      audit,
    );
  if (!client.oidcConformant)
    throw new UnauthorizedClientError(
      'Only OIDC conformant clients may exchange tokens: set oidc_conformant to true on the client.',
      'client_not_oidc_conformant',
      'oidc_conformant',
      audit,
    );
}

/** Part of every read of a subject: the tenant's policy is asked on every call, as everything that can change. */
export const mfaAlways = (settings: string): string =>
  `exists (select from ${settings} where mfa_policies ? 'all-applications') as mfa_always`;
export const MFA_ALWAYS = mfaAlways('tenant_settings');

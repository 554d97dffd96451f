import { InvalidClientError, UnauthorizedClientError } from '../authorization.errors.js';
import { type ClientFacts, isConfidential } from '../door/client-facts.js';

/** The rules for a client that exchanges, in the order of `spec/wire-contract.md` §1.2 and §1.3. */
export function demandExchangingClient(client: ClientFacts, grantType: string): void {
  const audit = { clientId: client.clientId };
  if (!isConfidential(client))
    throw new InvalidClientError('a public client cannot exchange', { ...audit, reason: 'client_public' });
  if (!client.grantTypes.includes(grantType)) throw UnauthorizedClientError.grant(grantType, audit);
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

/** Part of both reads of a subject: the tenant's policy is asked on every call, as everything that can change. */
export const MFA_ALWAYS = `exists (select from tenant_settings where mfa_policies ? 'all-applications') as mfa_always`;

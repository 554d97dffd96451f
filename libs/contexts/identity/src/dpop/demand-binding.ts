import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { AccessDeniedError } from '../authorization.errors.js';
import { InvalidDpopProofError } from './dpop.errors.js';

/** An API may take bound tokens only; then none other is made for it. */
export function demandBinding(
  api: Pick<ResourceServerEntity, 'proofOfPossession' | 'identifier'> | null,
  jkt: string | null | undefined,
): void {
  if (!api?.proofOfPossession?.required) return;
  if (api.proofOfPossession.mechanism !== 'dpop')
    throw new AccessDeniedError(
      `${api.identifier} takes tokens that are bound to a certificate only, and such are not made yet: set ` +
        `proof_of_possession.mechanism to dpop.`,
    );
  if (!jkt) throw new InvalidDpopProofError(`is missing: ${api.identifier} takes tokens that are bound to a key only`);
}

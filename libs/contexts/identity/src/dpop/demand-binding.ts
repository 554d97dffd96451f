import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { InvalidDpopProofError } from './dpop.errors.js';

/** An API may take bound tokens only; then none other is made for it. @throws InvalidDpopProofError */
export function demandBinding(
  api: Pick<ResourceServerEntity, 'proofOfPossession' | 'identifier'> | null,
  jkt: string | null | undefined,
): void {
  if (api?.proofOfPossession?.required && api.proofOfPossession.mechanism === 'dpop' && !jkt)
    throw new InvalidDpopProofError(`is missing: ${api.identifier} takes tokens that are bound to a key only`);
}

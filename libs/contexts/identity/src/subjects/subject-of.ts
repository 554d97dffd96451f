import type { Subject } from '@strongroom/contracts';
import { vaultPolicyOf } from '../clients/vault-policy.js';
import type { ClientFacts } from '../door/client-facts.js';

/** For whom an exchange is, and what bounds its client: read with the client itself, so a change counts at once. */
export const subjectOf = (
  { clientId, vaultPolicy }: ClientFacts,
  { person_id: personId, user_id: userId }: { person_id: string; user_id: string },
): Subject => ({ personId, userId, clientId, ...(vaultPolicy && { policy: vaultPolicyOf(vaultPolicy) }) });

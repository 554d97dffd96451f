import type { EntityManager } from 'typeorm';
import { lockArtefacts } from './lock-artefacts.js';

/** What one client holds, of everybody or of one person. Grants stay as ended ones, as in `end-artefacts.ts`. */
const END = `with grants as (
    update artefacts set expires_at = clock_timestamp(), consumed_at = clock_timestamp()
    where kind = 'Grant' and consumed_at is null and client_id = $1 and ($2::uuid is null or person_id = $2))
  delete from artefacts where kind <> 'Grant' and client_id = $1 and ($2::uuid is null or person_id = $2)`;

/** With nobody named: of everybody. */
export async function endAtClient(tx: EntityManager, clientId: string, personId?: string): Promise<void> {
  await lockArtefacts(tx, { clientId, ...(personId === undefined ? {} : { personId }) });
  await tx.query(END, [clientId, personId ?? null]);
}

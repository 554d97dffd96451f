import type { EntityManager } from 'typeorm';

/**
 * In which order rows are locked: a grant before what stands on it. What is issued on it meanwhile is then locked by
 * nobody but who has the grant.
 */
export const LOCK_ORDER = `kind <> 'Grant', kind, id_hash`;

/**
 * Whoever ends several things at once takes their rows first, and all of them in one order: of two that come to the same
 * rows from different sides, a person's and a grant's, one waits for the other and never both.
 */
export async function lockArtefacts(
  tx: EntityManager,
  { personId = null, clientId = null }: { personId?: string | null; clientId?: string | null },
): Promise<void> {
  await tx.query(
    `select 1 from artefacts where ($1::uuid is null or person_id = $1) and ($2::text is null or client_id = $2)
     order by ${LOCK_ORDER} for update`,
    [personId, clientId],
  );
}

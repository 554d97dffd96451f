import type { EntityManager } from 'typeorm';

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
     order by kind, id_hash for update`,
    [personId, clientId],
  );
}

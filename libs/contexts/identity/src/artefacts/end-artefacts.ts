import type { EntityManager } from 'typeorm';

/**
 * Everything goes but the hashes of refresh tokens, which are dead without their grant: for a month they still say whose
 * they were, so that a client that sends nothing but its secret learns the true error (`spec/wire-contract.md` §1.2).
 */
export async function endArtefacts(
  database: Pick<EntityManager, 'query'>,
  of: 'person_id' | 'grant_id',
  value: string,
): Promise<void> {
  await database.query(
    `with ended as (
       update artefacts set expires_at = least(expires_at, clock_timestamp() + interval '30 days'), successor_sealed = null
       where kind = 'RefreshToken' and ${of} = $1)
     delete from artefacts where kind <> 'RefreshToken' and ${of} = $1`,
    [value],
  );
}

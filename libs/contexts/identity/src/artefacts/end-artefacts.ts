import type { EntityManager } from 'typeorm';

/**
 * Refresh tokens are dead without their grant; their hashes stay for a month and still say whose they were, so that a
 * client that sends nothing but its secret learns the true error (`spec/wire-contract.md` §1.2). A grant stays, ended,
 * until no request can be under way any more that had read it before and would write it again. All else goes.
 */
export async function endArtefacts(
  database: Pick<EntityManager, 'query'>,
  of: 'person_id' | 'grant_id',
  value: string | string[],
): Promise<void> {
  const isTheirs = `${of} = any($1::${of === 'person_id' ? 'uuid' : 'text'}[])`;
  await database.query(
    `with tokens as (
       update artefacts set expires_at = least(expires_at, clock_timestamp() + interval '30 days'), successor_sealed = null
       where kind = 'RefreshToken' and ${isTheirs}),
     grants as (
       update artefacts set expires_at = clock_timestamp(), consumed_at = clock_timestamp()
       where kind = 'Grant' and consumed_at is null and ${isTheirs})
     delete from artefacts where kind not in ('RefreshToken', 'Grant') and ${isTheirs}`,
    [[value].flat()],
  );
}

import type { EntityManager } from 'typeorm';
import { LOCK_ORDER } from './lock-artefacts.js';

/**
 * Refresh tokens are dead without their grant; their hashes stay for a month and still say whose they were, so that a
 * client that sends nothing but its secret learns the true error (`spec/wire-contract.md` §1.2). A grant stays, ended,
 * until no request can be under way any more that had read it before and would write it again. All else goes.
 * In one order, because many may end the same at once: all losers of a race do.
 */
export async function endArtefacts(
  database: Pick<EntityManager, 'query'>,
  of: 'person_id' | 'grant_id',
  value: string | string[],
): Promise<void> {
  const isTheirs = `${of} = any($1::${of === 'person_id' ? 'uuid' : 'text'}[])`;
  await database.query(
    `with theirs as (
       select kind, id_hash from artefacts where ${isTheirs} order by ${LOCK_ORDER} for update),
     tokens as (
       update artefacts a set expires_at = least(expires_at, clock_timestamp() + interval '30 days'), successor_sealed = null
       from theirs t where a.kind = 'RefreshToken' and a.kind = t.kind and a.id_hash = t.id_hash),
     grants as (
       update artefacts a set expires_at = clock_timestamp(), consumed_at = clock_timestamp()
       from theirs t where a.kind = 'Grant' and a.consumed_at is null and a.kind = t.kind and a.id_hash = t.id_hash)
     delete from artefacts a using theirs t
     where a.kind not in ('RefreshToken', 'Grant') and a.kind = t.kind and a.id_hash = t.id_hash`,
    [[value].flat()],
  );
}

import type { EntityManager } from 'typeorm';
import { endArtefacts } from './end-artefacts.js';
import { lockArtefacts } from './lock-artefacts.js';

/** Of a person: all of their sessions, or those of these that are theirs. */
export interface Sessions {
  personId: string;
  uid?: string | string[] | undefined;
}

/**
 * Marks them ended, and forgets from where they were used. Holds off whoever is about to hand something out in them, who
 * takes this row first as well.
 */
const MARK = `with theirs as (
    select uid from session_facts
    where person_id = $1 and ($2::text[] is null or uid = any($2)) and ended_at is null order by uid for update)
  update session_facts f set ended_at = clock_timestamp(), initial_ip = null, initial_user_agent = null,
    last_ip = null, last_user_agent = null
  from theirs where f.uid = theirs.uid`;

/** The sessions, and codes that were not redeemed yet. */
const DELETE = `delete from artefacts
  where person_id = $1 and kind in ('Session', 'AuthorizationCode')
    and ($2::text[] is null or uid = any($2))`;

/** A refresh token that can still be used. */
const STANDS = `t.kind = 'RefreshToken' and t.consumed_at is null and t.expires_at > clock_timestamp()`;

const GRANTS = `select grant_id from artefacts g
  where kind = 'Grant' and person_id = $1 and consumed_at is null
    and ($2::text[] is null or uid = any($2))
    and ($3 or not exists (
      select 1 from artefacts t where t.grant_id = g.grant_id and ${STANDS}))`;

/**
 * Ends sessions, with what was granted in them without `offline_access`. What refresh tokens stand on stays, unless
 * they are to end too.
 */
export async function endSessions(
  tx: EntityManager,
  { personId, uid }: Sessions,
  { refreshTokens }: { refreshTokens: boolean },
): Promise<void> {
  const which = [personId, uid === undefined ? null : [uid].flat()];
  await tx.query(MARK, which);
  await lockArtefacts(tx, { personId });
  await tx.query(DELETE, which);
  const grants = await tx.query<{ grant_id: string }[]>(GRANTS, [...which, refreshTokens]);
  await endArtefacts(
    tx,
    'grant_id',
    grants.map(({ grant_id }) => grant_id),
  );
}

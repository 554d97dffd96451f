import type { EntityManager } from 'typeorm';
import { endArtefacts } from './end-artefacts.js';
import { lockArtefacts } from './lock-artefacts.js';

/** Refresh tokens of a person: all, or one with whatever it was rotated into. */
export interface RefreshTokensOf {
  personId: string;
  familyId?: string | undefined;
}

const GRANTS = `select distinct grant_id from artefacts
  where kind = 'RefreshToken' and person_id = $1 and ($2::uuid is null or family_id = $2) and grant_id is not null`;

/** Without its grant a token is dead; its hash still says whose it was. */
const DETACH = `update artefacts set grant_id = null, successor_sealed = null,
    expires_at = least(expires_at, clock_timestamp() + interval '30 days')
  where kind = 'RefreshToken' and person_id = $1 and ($2::uuid is null or family_id = $2)`;

/** Grants whose session has ended and that no refresh token holds any more. */
const LEFT_OVER = `select grant_id from artefacts g
  where kind = 'Grant' and grant_id = any($1::text[]) and consumed_at is null
    and not exists (select 1 from artefacts t where t.kind = 'RefreshToken' and t.grant_id = g.grant_id)
    and not exists (select 1 from artefacts s where s.kind = 'Session' and s.uid = g.uid
      and s.expires_at > clock_timestamp())`;

/** Ends refresh tokens and nothing else, but for a grant that only they had kept. */
export async function endRefreshTokens(tx: EntityManager, { personId, familyId }: RefreshTokensOf): Promise<void> {
  const which = [personId, familyId ?? null];
  await lockArtefacts(tx, { personId }); // so that a rotation which is under way is done, and its successor is seen
  const held = await tx.query<{ grant_id: string }[]>(GRANTS, which);
  await tx.query(DETACH, which);
  const left = await tx.query<{ grant_id: string }[]>(LEFT_OVER, [held.map(({ grant_id }) => grant_id)]);
  await endArtefacts(
    tx,
    'grant_id',
    left.map(({ grant_id }) => grant_id),
  );
}

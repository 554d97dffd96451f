import type { EntityManager } from 'typeorm';
import { first } from '../rows.js';
import type { RefreshTerms } from './refresh.types.js';

export interface Doubt {
  inDoubt: number;
  inDoubtSince: Date | null;
  inGrace: boolean;
  waitUntil: Date | null;
}

/**
 * Attempts on this base that nobody knows the outcome of. A strict provider gets one prompt resend; after that they
 * stand 10 minutes apart, later an hour.
 */
export async function doubtOf(
  tx: EntityManager,
  { tokensetId, rotation }: Pick<RefreshTerms, 'tokensetId' | 'rotation'>,
  base: number,
): Promise<Doubt> {
  const found = await first<Doubt>(
    tx,
    `SELECT n AS "inDoubt", since AS "inDoubtSince", in_grace AS "inGrace",
       CASE WHEN $3 = 'strict' AND n > 1 AND next > clock_timestamp() THEN next END AS "waitUntil"
     FROM (SELECT count(*)::int AS n, min(sent_at) AS since,
             coalesce(bool_or(grace_until > clock_timestamp()), false) AS in_grace,
             max(sent_at) + make_interval(secs => least(600 * power(2, greatest(count(*) - 2, 0)), 3600)) AS next
           FROM refresh_attempts WHERE tokenset_id = $1 AND base_version = $2 AND state = 'unknown') open`,
    [tokensetId, base, rotation],
  );
  return found!;
}

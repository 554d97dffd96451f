import type { EntityManager } from 'typeorm';
import { changed } from '../rows.js';
import { STATE_COLUMNS, type TokensetState } from '../tokenset-state.js';

/** Which tokens stay when only the person, or an administrator, can go on. */
const KEEPS_BOTH = ['interaction', 'admin', 'unreadable'];

/** What their administrator may have allowed by now is found out once a day. */
const ADMIN_RETRY_SECONDS = 86_400;

/** The row if it is now `reconnect_required`; `condition` says at which version that may be written. */
export async function requireReconnect(
  tx: EntityManager,
  tokensetId: string,
  reason: string,
  condition: string,
  values: unknown[],
): Promise<TokensetState | undefined> {
  const [row] = await changed<TokensetState>(
    tx,
    `UPDATE tokensets SET status = 'reconnect_required', reason = $2, event_version = event_version + 1,
       access_sealed = CASE WHEN ${KEEPS_BOTH.concat('lost_rotation').includes(reason)} THEN access_sealed END,
       refresh_sealed = CASE WHEN ${KEEPS_BOTH.includes(reason)} THEN refresh_sealed END,
       failing_since = coalesce(failing_since, clock_timestamp()), lease_owner = NULL, lease_until = NULL,
       next_attempt_at = CASE WHEN ${reason === 'admin'} THEN clock_timestamp()
         + make_interval(secs => ${ADMIN_RETRY_SECONDS}) END
     WHERE id = $1 AND (status = 'active' OR (reason = 'admin' AND $2 <> 'admin')) AND ${condition}
     RETURNING ${STATE_COLUMNS}`,
    [tokensetId, reason, ...values],
  );
  return row;
}

/** The administrator still says no: nothing new, and the same again tomorrow. False: it is another matter by now. */
export async function awaitAdministrator(
  tx: EntityManager,
  tokensetId: string,
  at: { base: number; fence: string },
): Promise<boolean> {
  const rows = await changed(
    tx,
    `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL,
       next_attempt_at = clock_timestamp() + make_interval(secs => ${ADMIN_RETRY_SECONDS})
     WHERE id = $1 AND reason = 'admin' AND cred_version = $2 AND fence = $3 RETURNING id`,
    [tokensetId, at.base, at.fence],
  );
  return rows.length > 0;
}

import { tokensetRefreshFailed } from '@strongroom/contracts';
import type { Outbox } from '@strongroom/messaging';
import type { EntityManager } from 'typeorm';
import { changed, first } from '../rows.js';
import { STATE_COLUMNS, stateOf, type TokensetState } from '../tokenset-state.js';
import type { OpenAttempt, Refusal, Setback } from './refresh.types.js';
import { settle } from './settlement.js';

/** A provider that refuses the client itself is not asked again with every exchange. */
const MISCONFIGURED_PAUSE_SECONDS = 60;
/** What an administrator has to allow is tried once a day, whatever the try ends with. */
const ADMIN_RETRY_SECONDS = 86_400;

/** Steps 18 and 19 of `spec/refresh.md` §4: a failure that is not the person's. */
export async function setBack(
  tx: EntityManager,
  outbox: Outbox,
  attempt: OpenAttempt,
  setback: Setback,
): Promise<void> {
  const [row] = await changed<{ failures: number }>(
    tx,
    `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL, failures = failures + 1,
       failing_since = coalesce(failing_since, clock_timestamp()),
       next_attempt_at = clock_timestamp()
         + make_interval(secs => CASE WHEN reason = 'admin' THEN greatest($3::float8, ${ADMIN_RETRY_SECONDS}) ELSE $3::float8 END)
     WHERE id = $1 AND fence = $2 RETURNING failures`,
    [attempt.tokensetId, attempt.fence, setback.delaySeconds],
  );
  await settle(tx, attempt, setback.state, setback, isInDoubt(attempt, setback.state));
  if (row) await sayFailure(tx, outbox, attempt, setback);
}

/** Nothing but the lease changes; `why` is said to the operator. */
export async function release(
  tx: EntityManager,
  outbox: Outbox,
  attempt: OpenAttempt,
  { state, why }: { state: 'not_processed' | 'rejected'; why: Refusal | null },
): Promise<void> {
  const freed = await changed(
    tx,
    `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL, next_attempt_at =
       CASE WHEN reason = 'admin' THEN clock_timestamp() + make_interval(secs => ${ADMIN_RETRY_SECONDS})
            WHEN $3 THEN clock_timestamp() + make_interval(secs => ${MISCONFIGURED_PAUSE_SECONDS})
            ELSE next_attempt_at END
     WHERE id = $1 AND fence = $2 RETURNING id`,
    [attempt.tokensetId, attempt.fence, why?.class === 'client_config'],
  );
  await settle(tx, attempt, state, why, isInDoubt(attempt, state));
  if (freed.length > 0 && why) await sayFailure(tx, outbox, attempt, why);
}

/** Something was sent from this base whose end nobody knows: this time, or before without this time having told. */
const isInDoubt = (attempt: OpenAttempt, state: string): boolean =>
  state === 'unknown' || (state === 'not_processed' && attempt.inDoubt > 0);

/** Refused for a reason that nobody knows: three times over a day that is an answer too (`spec/refresh.md` §5). */
export async function isRefusedForGood(tx: EntityManager, attempt: OpenAttempt, why: Refusal): Promise<boolean> {
  const found = await first<{ isForGood: boolean }>(
    tx,
    `SELECT count(*) >= 3 AND min(settled_at) <= clock_timestamp() - interval '24 hours' AS "isForGood"
     FROM refresh_attempts WHERE tokenset_id = $1 AND base_version = $2 AND state = 'rejected' AND class = 'unknown'
       AND http_status IS NOT DISTINCT FROM $3 AND code IS NOT DISTINCT FROM $4`,
    [attempt.tokensetId, attempt.base, why.httpStatus, why.code],
  );
  return found!.isForGood;
}

/** On the first failure of a streak, then at most hourly. */
async function sayFailure(tx: EntityManager, outbox: Outbox, attempt: OpenAttempt, why: Refusal): Promise<void> {
  const [row] = await changed<FailingState>(
    tx,
    `UPDATE tokensets SET event_version = event_version + 1, failure_said_at = clock_timestamp()
     WHERE id = $1 AND status = 'active'
       AND (failure_said_at IS NULL OR failure_said_at < clock_timestamp() - interval '1 hour')
     RETURNING ${STATE_COLUMNS}, failures, failing_since AS "failingSince", next_attempt_at AS "nextAttemptAt",
       access_sealed IS NOT NULL AND coalesce(access_expires_at > clock_timestamp(), true) AS "stillServing"`,
    [attempt.tokensetId],
  );
  if (!row) return;
  await outbox.add(tx, tokensetRefreshFailed, {
    id: row.id,
    sequence: row.eventVersion,
    data: {
      ...stateOf(row),
      class: why.class,
      httpStatus: why.httpStatus,
      code: why.code,
      failures: row.failures,
      failingSince: row.failingSince?.toISOString() ?? null,
      nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
      stillServing: row.stillServing,
      actor: attempt.actor,
    },
  });
}

interface FailingState extends TokensetState {
  failures: number;
  failingSince: Date | null;
  nextAttemptAt: Date | null;
  stillServing: boolean;
}

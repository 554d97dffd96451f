import { tokensetRecovered, tokensetRefreshed } from '@strongroom/contracts';
import type { Outbox } from '@strongroom/messaging';
import type { EntityManager } from 'typeorm';
import { shredKeys } from '../redeem/tokenset-store.js';
import { changed, first } from '../rows.js';
import { STATE_COLUMNS, stateOf, type TokensetState } from '../tokenset-state.js';
import type { CommittableAttempt, Committed, NewCredential, Refusal } from './refresh.types.js';

/** Reasons that a newer token of the same grant undoes; the others are for the person to undo. */
const UNDONE_BY_A_TOKEN = ['lost_rotation', 'admin'];

/** Step 11 of `spec/refresh.md` §4: the credential counts if the one it was got with is still the stored one. */
export async function commitCredential(
  tx: EntityManager,
  outbox: Outbox,
  attempt: CommittableAttempt,
  credential: NewCredential,
): Promise<Committed> {
  const before = await first<Before>(
    tx,
    `SELECT status, failing_since AS "failingSince", cred_version AS version, clock_timestamp() AS now
     FROM tokensets WHERE id = $1 FOR UPDATE`,
    [attempt.tokensetId],
  );
  const journal = await first<{ state: string }>(tx, 'SELECT state FROM refresh_attempts WHERE id = $1', [attempt.id]);
  if (before && journal?.state === 'committed') return { now: before.now, hasRecovered: false };
  const row = await replace(tx, attempt, credential);
  if (row && before) {
    if (credential.newKey) await replaceKey(tx, attempt.tokensetId, credential.newKey);
    await settle(tx, attempt, 'committed', null);
    const hasRecovered = before.status !== 'active';
    await sayCommitted(tx, outbox, attempt, { row, before, rotated: credential.rotated });
    return { now: before.now, hasRecovered };
  }
  if (before && before.version <= attempt.base) {
    // Nobody has stored anything newer: what is in hand may be wanted yet, and its attempt stays unsettled.
    await settle(tx, attempt, 'unknown', null);
    return 'waits';
  }
  await settle(tx, attempt, 'superseded', null);
  return before ? 'superseded' : 'gone';
}

/** An access token that stays may have been told its end since the attempt began. */
async function replace(
  tx: EntityManager,
  attempt: CommittableAttempt,
  credential: NewCredential,
): Promise<TokensetState | undefined> {
  const [row] = await changed<TokensetState>(
    tx,
    `UPDATE tokensets SET status = 'active', reason = NULL, access_sealed = $3, refresh_sealed = $4,
       scopes_granted = $5, access_issued_at = $6, refresh_expires_at = $8,
       access_expires_at = CASE WHEN access_issued_at = $6 THEN access_expires_at ELSE $7 END,
       token_origin = $9, provider_params = provider_params || $10::jsonb, extras = extras || $11::jsonb,
       key_id = coalesce($12, key_id), cred_version = $2 + 1, event_version = event_version + 1,
       lease_owner = NULL, lease_until = NULL, next_attempt_at = NULL, failures = 0, failing_since = NULL,
       failure_said_at = NULL, restored_at = NULL
     WHERE id = $1 AND cred_version = $2 AND (status = 'active' OR reason = ANY($13))
     RETURNING ${STATE_COLUMNS}`,
    [
      attempt.tokensetId,
      attempt.base,
      credential.accessSealed,
      credential.refreshSealed,
      credential.scopes,
      credential.issuedAt,
      credential.expiresAt,
      credential.refreshExpiresAt,
      credential.tokenOrigin,
      JSON.stringify(credential.brought.params),
      JSON.stringify(credential.brought.extras),
      credential.newKey?.keyId ?? null,
      UNDONE_BY_A_TOKEN,
    ],
  );
  return row;
}

async function replaceKey(
  tx: EntityManager,
  tokensetId: string,
  { keyId, keyWrapped }: { keyId: string; keyWrapped: Buffer },
): Promise<void> {
  await shredKeys(tx, [tokensetId]);
  await tx.query('INSERT INTO tokenset_keys (key_id, tokenset_id, wrapped) VALUES ($1, $2, $3)', [
    keyId,
    tokensetId,
    keyWrapped,
  ]);
}

async function sayCommitted(
  tx: EntityManager,
  outbox: Outbox,
  attempt: CommittableAttempt,
  { row, before, rotated }: { row: TokensetState; before: Before; rotated: boolean },
): Promise<void> {
  const event = { id: row.id, sequence: row.eventVersion };
  const state = { ...stateOf(row), actor: attempt.actor };
  if (before.status === 'active')
    await outbox.add(tx, tokensetRefreshed, { ...event, data: { ...state, cause: attempt.kind, rotated } });
  else
    await outbox.add(tx, tokensetRecovered, {
      ...event,
      data: { ...state, cause: 'retried', downSince: before.failingSince?.toISOString() ?? null },
    });
}

/** Of an attempt that others have not settled. `isOpen`: the sweep is to look after its tokenset. */
export async function settle(
  tx: EntityManager,
  attempt: Pick<CommittableAttempt, 'id'>,
  state: string,
  why: Refusal | null,
  isOpen = false,
): Promise<void> {
  await tx.query(
    `UPDATE refresh_attempts SET state = $2, class = $3, http_status = $4, code = $5, is_open = $6,
       settled_at = clock_timestamp()
     WHERE id = $1 AND state IN ('sent', 'unknown')`,
    [attempt.id, state, why?.class ?? null, why?.httpStatus ?? null, why?.code ?? null, isOpen],
  );
}

interface Before {
  status: string;
  failingSince: Date | null;
  version: number;
  now: Date;
}

import { type Actor, tokensetDeleted, tokensetReconnectRequired } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import type { DataSource, EntityManager } from 'typeorm';
import { shredKeys, supersedeAttempts } from '../redeem/tokenset-store.js';
import { changed } from '../rows.js';
import { STATE_COLUMNS, stateOf, type TokensetState } from '../tokenset-state.js';
import type { ShreddedKey } from './shredded-key.js';

export interface FinishedRestore {
  /** Tokensets that had been deleted since the backup, and are again. */
  deleted: number;
  /** Those that had been connected anew since: what the backup holds of them is erased. */
  replaced: number;
  /** Attempts that were under way when the backup was made. */
  unknown: number;
  /** Whose refresh token may be older than the provider's. */
  restored: number;
}

/**
 * Makes a restored database fit to be served: what was shredded since the backup is shredded again, and what the backup
 * cannot know is said to be unknown. One transaction, and harmless to repeat. No process may serve meanwhile.
 */
export function finishRestore(database: DataSource, shredded: readonly ShreddedKey[]): Promise<FinishedRestore> {
  const outbox = new Outbox('tokensets');
  return database.transaction(async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('strongroom:restore'))`);
    await rememberShredded(tx, shredded);
    const deleted = await deleteAgain(tx, outbox, shredded);
    const replaced = await eraseReplaced(tx, outbox, shredded);
    const unknown = await changed(
      tx,
      `UPDATE refresh_attempts SET state = 'unknown', settled_at = clock_timestamp() WHERE state = 'sent' RETURNING id`,
      [],
    );
    const restored = await changed<{ has_refresh: boolean }>(
      tx,
      `UPDATE tokensets SET fence = fence + ${FENCE_GAP}, lease_owner = NULL, lease_until = NULL,
         restored_at = CASE WHEN refresh_sealed IS NOT NULL THEN clock_timestamp() END,
         next_attempt_at = CASE WHEN refresh_sealed IS NOT NULL AND access_sealed IS NOT NULL THEN ${NO_SOONER} END
       RETURNING refresh_sealed IS NOT NULL AS has_refresh`,
      [],
    );
    // Their answers, if any, belong to another course of things; nobody here has to wait for them.
    await tx.query('DELETE FROM nodes');
    return {
      deleted,
      replaced,
      unknown: unknown.length,
      restored: restored.filter(({ has_refresh }) => has_refresh).length,
    };
  });
}

/** More than were given out between the backup and the loss, so that a process that outlived both holds none of these. */
const FENCE_GAP = 2 ** 32;

/**
 * At a strict provider one refresh with an old token ends the grant: nobody refreshes ahead of time, and a token that
 * never ends is left alone for a month. Until then it is served.
 */
const NO_SOONER = `greatest(clock_timestamp(),
  coalesce(access_expires_at - interval '60 seconds', clock_timestamp() + interval '30 days'))`;

const OPERATOR: Actor = { kind: 'system' };

async function deleteAgain(tx: EntityManager, outbox: Outbox, shredded: readonly ShreddedKey[]): Promise<number> {
  const ids = shredded.filter(({ isDeleted }) => isDeleted).map(({ tokensetId }) => tokensetId);
  const rows = await changed<TokensetState & { keyId: string }>(
    tx,
    `DELETE FROM tokensets WHERE id = ANY($1) RETURNING ${STATE_COLUMNS}, key_id AS "keyId"`,
    [ids],
  );
  await shredKeys(tx, ids);
  await supersedeAttempts(tx, ids);
  for (const row of rows) {
    const { id, personId, connectionId, accountId, keyId } = row;
    await outbox.add(tx, tokensetDeleted, {
      id,
      sequence: row.eventVersion + 1,
      data: {
        tokensetId: id,
        personId,
        userId: null,
        connectionId,
        accountId,
        status: 'deleted',
        reason: 'requested',
        keyId,
        actor: OPERATOR,
      },
    });
  }
  return rows.length;
}

/** The tokens that replaced these are gone with the database that was lost; only the person can bring new ones. */
async function eraseReplaced(tx: EntityManager, outbox: Outbox, shredded: readonly ShreddedKey[]): Promise<number> {
  const rows = await changed<TokensetState>(
    tx,
    `UPDATE tokensets SET status = 'reconnect_required', reason = 'lost_rotation', access_sealed = NULL,
       refresh_sealed = NULL, event_version = event_version + 1, next_attempt_at = NULL,
       failing_since = coalesce(failing_since, clock_timestamp())
     WHERE key_id = ANY($1) AND (access_sealed IS NOT NULL OR refresh_sealed IS NOT NULL) RETURNING ${STATE_COLUMNS}`,
    [shredded.map(({ keyId }) => keyId)],
  );
  await shredKeys(
    tx,
    rows.map(({ id }) => id),
  );
  for (const row of rows)
    await outbox.add(tx, tokensetReconnectRequired, {
      id: row.id,
      sequence: row.eventVersion,
      data: { ...stateOf(row), class: 'restored', code: null, actor: OPERATOR },
    });
  return rows.length;
}

/** So that the next export holds them too. */
async function rememberShredded(tx: EntityManager, shredded: readonly ShreddedKey[]): Promise<void> {
  await tx.query(
    `WITH gone AS (DELETE FROM tokenset_keys WHERE key_id = ANY($1::uuid[]))
     INSERT INTO shredded_keys (key_id, tokenset_id, shredded_at)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) ON CONFLICT (key_id) DO NOTHING`,
    [
      shredded.map(({ keyId }) => keyId),
      shredded.map(({ tokensetId }) => tokensetId),
      shredded.map(({ shreddedAt }) => shreddedAt),
    ],
  );
}

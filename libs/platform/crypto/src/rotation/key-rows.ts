import type { EntityManager } from 'typeorm';
import { recordsPerKey } from './record-counts.js';
import type { KeyringChange, KeyState, KeyStatus, RewrapTarget } from './rotation.types.js';

export interface KeyRow {
  id: string;
  version: number;
  state: KeyState;
  created_at: Date;
  state_changed_at: Date;
  sealed: string;
  to_move: string | null;
  master_key_id: string | null;
  /** Somebody has asked for it although it was retired. */
  is_wanted: boolean;
  retired_seconds: number;
  /** The next batch of its records may go. */
  is_due: boolean;
}

export function keyRows(tx: EntityManager): Promise<KeyRow[]> {
  return tx.query(
    `select id, version, state, created_at, state_changed_at, sealed, to_move, master_key_id,
       wanted_at is not null as is_wanted,
       extract(epoch from clock_timestamp() - state_changed_at)::float8 as retired_seconds,
       coalesce(next_batch_at <= clock_timestamp(), true) as is_due
     from installation_keys order by version`,
  );
}

export async function keyStatus(
  tx: EntityManager,
  context: string,
  targets: readonly RewrapTarget[],
): Promise<KeyStatus[]> {
  const remaining = await recordsPerKey(tx, targets);
  const rows = await keyRows(tx);
  return rows.map((row) => ({
    keyId: row.id,
    context,
    version: row.version,
    state: row.state,
    createdAt: row.created_at,
    stateChangedAt: row.state_changed_at,
    sealed: Number(row.sealed),
    remaining: remaining.get(row.id) ?? 0,
    progress: progressOf(row, remaining.get(row.id) ?? 0),
    masterKeyId: row.state === 'destroyed' ? null : row.master_key_id,
  }));
}

export async function changeOf(
  tx: EntityManager,
  context: string,
  targets: readonly RewrapTarget[],
  step: KeyringChange['step'],
): Promise<KeyringChange> {
  const keys = await keyStatus(tx, context, targets);
  return {
    context,
    primaryKeyId: keys.find(({ state }) => state === 'primary')!.keyId,
    keys: keys.map(({ keyId, state, remaining }) => ({
      keyId,
      state,
      remaining: state === 'destroyed' ? null : remaining,
    })),
    step,
  };
}

function progressOf({ state, to_move }: KeyRow, remaining: number): number {
  if (state === 'pre_active' || state === 'primary') return 0;
  if (state !== 'retiring' || remaining === 0) return 1;
  return Math.min(1, Math.max(0, 1 - remaining / Math.max(Number(to_move), remaining)));
}

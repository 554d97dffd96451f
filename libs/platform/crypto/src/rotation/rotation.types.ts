import type { EntityManager } from 'typeorm';
import type { KeyLog } from '../key-log.js';
import type { KeyRing } from '../key-ring.js';

/** `spec/encryption.md` §5. A key goes through them in this order; only `retired` may fall back, to `retiring`. */
export type KeyState = 'pre_active' | 'primary' | 'retiring' | 'retired' | 'destroyed';

/**
 * A column whose records are sealed under the installation key and therefore move with it: wrapped tokenset keys,
 * intake keys, values of `sealValue`, pending redeems. Every such column of a context has to be in its list: what is
 * not in it is not counted, and would be lost with the old key.
 */
export interface RewrapTarget {
  table: string;
  /** Unique, and of a type with an order: batches go by it. */
  idColumn: string;
  sealedColumn: string;
  /** The generated column that `keyIdColumnSql` makes. */
  keyIdColumn: string;
  /** Further columns `aad` reads. */
  columns?: readonly string[];
  /** What the record of this row is bound to. Columns of type text, uuid and bytea come as their text. */
  aad(row: Readonly<Record<string, string>>, installationId: string): Buffer;
}

export interface KeyStatus {
  keyId: string;
  context: string;
  version: number;
  state: KeyState;
  createdAt: Date;
  stateChangedAt: Date;
  /** Seals made with it so far, by all processes. */
  sealed: number;
  /** Records that need it now, over all targets, in one snapshot. */
  remaining: number;
  /** 0 to 1: how much of what it had sealed when it began to retire has moved on. 0 before that. */
  progress: number;
  /** The master key that wraps it, as the configuration names it; null once destroyed. */
  masterKeyId: string | null;
}

/** What a step has changed, for `keyring.changed`. Said in the transaction of the change. */
export interface KeyringChange {
  context: string;
  primaryKeyId: string;
  keys: { keyId: string; state: KeyState; remaining: number | null }[];
  step:
    | 'created'
    | 'promoted'
    | 'retired'
    | 'put_back'
    | 'destroyed'
    /** Every key is wrapped by the first master key now. */
    | 'master_key_changed';
}

export interface KeyRotationOptions {
  /** Brings database, master keys and context. */
  ring: KeyRing;
  targets: readonly RewrapTarget[];
  say: (tx: EntityManager, change: KeyringChange) => Promise<void>;
  /** `STRONGROOM_REWRAP_ROWS_PER_SECOND`. */
  rowsPerSecond: number;
  /** How long a key that nothing needs is kept before it is destroyed. Default: a day. */
  retiredSeconds?: number;
  /** How long every process must have sealed under the new key before the old one retires. Default: 10. */
  settleSeconds?: number;
  logger?: KeyLog;
}

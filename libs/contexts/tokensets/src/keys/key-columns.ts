import type { KeyIdColumn } from '@strongroom/crypto';

/** Columns that are sealed under the installation key itself, each with the id of the key beside it. */
export const tokensetKeysColumn: KeyIdColumn = {
  table: 'tokenset_keys',
  idColumn: 'key_id',
  sealedColumn: 'wrapped',
  keyIdColumn: 'wrapping_key_id',
};

export const pendingRedeemsColumn: KeyIdColumn = {
  table: 'pending_redeems',
  idColumn: 'session_id',
  sealedColumn: 'sealed',
  keyIdColumn: 'key_id',
};

import type { KeyIdColumn } from '@strongroom/crypto';

/** Columns that are sealed under the installation key, each with the id of the key beside it. */
export const clientSecretsColumn: KeyIdColumn = {
  table: 'clients',
  idColumn: 'client_id',
  sealedColumn: 'secret_sealed',
  keyIdColumn: 'secret_key_id',
};

export const signingKeysColumn: KeyIdColumn = {
  table: 'signing_keys',
  idColumn: 'kid',
  sealedColumn: 'key_sealed',
  keyIdColumn: 'key_id',
};

/** A hash of 256 random bits: unique, whatever the kind. */
export const successorsColumn: KeyIdColumn = {
  table: 'artefacts',
  idColumn: 'id_hash',
  sealedColumn: 'successor_sealed',
  keyIdColumn: 'successor_key_id',
};

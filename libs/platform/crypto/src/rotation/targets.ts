import { intakeKeyAad, secretAad, wrappedTokensetKeyAad } from '../aad-rows.js';
import type { KeyIdColumn } from './key-id-column.js';
import type { RewrapTarget } from './rotation.types.js';

/** The private halves of the intake keys: the vault's own table of `intakeKeyMigrations`. */
export const intakeKeysTarget: RewrapTarget = {
  table: 'intake_keys',
  idColumn: 'id',
  sealedColumn: 'private_sealed',
  keyIdColumn: 'wrapping_key_id',
  aad: ({ id }, installationId) => intakeKeyAad({ installationId, keyId: id! }),
};

/** Wrapped tokenset keys. `idColumn` holds the tokenset key's id. */
export const tokensetKeysTarget = (at: KeyIdColumn, tokensetIdColumn: string): RewrapTarget => ({
  ...at,
  columns: [tokensetIdColumn],
  aad: (row, installationId) =>
    wrappedTokensetKeyAad({ installationId, tokensetId: row[tokensetIdColumn]!, keyId: row[at.idColumn]! }),
});

/** A column of `KeyRing.sealValue(kind, owner, field, …)`, the owner being what stands in `ownerColumn`. */
export const sealedValuesTarget = (
  at: KeyIdColumn,
  { kind, ownerColumn, field }: { kind: string; ownerColumn: string; field: string },
): RewrapTarget => ({
  ...at,
  columns: [ownerColumn],
  aad: (row, installationId) => secretAad({ kind, installationId, ownerId: row[ownerColumn]!, field }),
});

/** Sealing: records, boxes, and the keys they need. Owns the formats and the key ring; knows no product word but their names. */
export { aad } from './aad.js';
export {
  boxAad,
  type BoxContext,
  type BoxPurpose,
  intakeKeyAad,
  secretAad,
  type SealedValue,
  tokensetFieldAad,
  type TokensetField,
  wrappedInstallationKeyAad,
  wrappedTokensetKeyAad,
} from './aad-rows.js';
export { ConfiguredMasterKeys } from './configured-master-keys.js';
export {
  KeyRingBehindError,
  KeyServiceDenied,
  KeyServiceUnavailable,
  MasterKeysRefusedError,
  NoKeyForSealedRowsError,
  RekeyRunningError,
  WrappedKeyCorrupt,
} from './crypto.errors.js';
export { boxKeyId, IntakePrivateKey, type IntakeRecipient, openBox, sealBox } from './intake-box.js';
export { IntakePrivateKeys } from './intake-private-keys.js';
export type { KeyCounters, OpenFailure } from './key-counters.js';
export type { KeyLog } from './key-log.js';
export { KeyRing } from './key-ring.js';
export type { KeyRingOptions } from './key-ring.options.js';
export { createLocalAuthority, type LocalAuthority } from './local-authority.js';
export { MasterKeys, type WrappedKeyContext } from './master-keys.js';
export { intakeKeyMigrations, keyRingMigrations } from './migrations/index.js';
export { open, recordKeyId, seal } from './record.js';
export { dropKeyIdColumnSql, type KeyIdColumn, keyIdColumnSql } from './rotation/key-id-column.js';
export { KeyRotation } from './rotation/key-rotation.js';
export type {
  KeyringChange,
  KeyRotationOptions,
  KeyState,
  KeyStatus,
  RewrapTarget,
} from './rotation/rotation.types.js';
export { intakeKeysTarget, sealedValuesTarget, tokensetKeysTarget } from './rotation/targets.js';
export { SealingKey } from './sealing-key.js';
export { UnreadableRecord } from './unreadable-record.error.js';

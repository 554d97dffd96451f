import { type KeyIdColumn, type RewrapTarget, secretAad } from '@strongroom/crypto';
import { REVOCATION_FIELD, REVOCATION_KIND } from './revocation-seal.js';

export const SEALED_REVOCATIONS: KeyIdColumn = {
  table: 'revocations',
  idColumn: 'id',
  sealedColumn: 'sealed',
  keyIdColumn: 'installation_key_id',
};

/** They are sealed under the installation key and move on with it. */
export const revocationsTarget: RewrapTarget = {
  ...SEALED_REVOCATIONS,
  columns: ['connection_id', 'token_origin'],
  aad: (row, installationId) =>
    secretAad({
      kind: REVOCATION_KIND,
      installationId,
      ownerId: row['id']!,
      provider: { connectionId: row['connection_id']!, tokenOrigin: row['token_origin']! },
      field: REVOCATION_FIELD,
    }),
};

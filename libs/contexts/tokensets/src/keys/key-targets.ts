import { intakeKeysTarget, type RewrapTarget, secretAad, tokensetKeysTarget } from '@strongroom/crypto';
import { revocationsTarget } from '../revocation/revocations-target.js';
import { pendingRedeemsColumn, tokensetKeysColumn } from './key-columns.js';

/** Everything of this schema that is sealed under the installation key. What is missing here would be lost with it. */
export const keyTargets: readonly RewrapTarget[] = [
  tokensetKeysTarget(tokensetKeysColumn, 'tokenset_id'),
  intakeKeysTarget,
  {
    ...pendingRedeemsColumn,
    columns: ['connection_id', 'token_origin'],
    aad: (row, installationId) =>
      secretAad({
        kind: 'pending-redeem',
        installationId,
        ownerId: row['session_id']!,
        provider: { connectionId: row['connection_id']!, tokenOrigin: row['token_origin']! },
        field: 'tokens',
      }),
  },
  revocationsTarget,
];

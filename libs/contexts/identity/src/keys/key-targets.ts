import { type RewrapTarget, sealedValuesTarget } from '@strongroom/crypto';
import { clientSecretsColumn, signingKeysColumn, successorsColumn } from './key-columns.js';

/** Everything of this schema that is sealed under the installation key. What is missing here would be lost with it. */
export const keyTargets: readonly RewrapTarget[] = [
  sealedValuesTarget(clientSecretsColumn, { kind: 'client-secret', ownerColumn: 'client_id', field: 'client_secret' }),
  sealedValuesTarget(signingKeysColumn, { kind: 'signing_keys', ownerColumn: 'kid', field: 'key' }),
  sealedValuesTarget(successorsColumn, { kind: 'refresh_token', ownerColumn: 'family_id', field: 'successor' }),
];

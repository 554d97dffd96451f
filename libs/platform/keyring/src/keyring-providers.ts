import type { Provider } from '@nestjs/common';
import { KeyRing, KeyRotation, type RewrapTarget } from '@strongroom/crypto';
import { LOGGER, type Logger } from '@strongroom/observability';
import { KeyRotationProcess } from './key-rotation-process.js';
import { KeyringChanges } from './keyring-changes.js';

/** The rotation of a context's `KeyRing` over everything that is sealed under it. */
export const keyringProviders = (targets: readonly RewrapTarget[], rowsPerSecond = 500): Provider[] => [
  KeyringChanges,
  {
    provide: KeyRotation,
    inject: [KeyRing, KeyringChanges, LOGGER],
    useFactory: (ring: KeyRing, changes: KeyringChanges, logger: Logger) =>
      new KeyRotation({ ring, targets, say: (tx, change) => changes.say(tx, change), rowsPerSecond, logger }),
  },
  KeyRotationProcess,
];

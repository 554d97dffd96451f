import { type KeyRing, KeyRotation } from '@strongroom/crypto';
import type { Logger } from '@strongroom/observability';
import { keyTargets } from './key-targets.js';
import type { KeyringChanges } from './keyring-changes.js';

/** The rotation of this context's ring: its targets, and how each step is said. */
export const keyRotationOf =
  (rowsPerSecond: number) =>
  (ring: KeyRing, changes: KeyringChanges, logger: Logger): KeyRotation =>
    new KeyRotation({
      ring,
      targets: keyTargets,
      say: (tx, change) => changes.say(tx, change),
      rowsPerSecond,
      logger,
    });

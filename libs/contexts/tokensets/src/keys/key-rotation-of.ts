import { type KeyRing, KeyRotation } from '@strongroom/crypto';
import type { Logger } from '@strongroom/observability';
import type { TokensetsSettings } from '../tokensets.options.js';
import { keyTargets } from './key-targets.js';
import type { KeyringChanges } from './keyring-changes.js';

/** The rotation of this context's ring: its targets, and how each step is said. */
export const keyRotationOf = (
  ring: KeyRing,
  changes: KeyringChanges,
  { rewrapRowsPerSecond }: TokensetsSettings,
  logger: Logger,
): KeyRotation =>
  new KeyRotation({
    ring,
    targets: keyTargets,
    say: (tx, change) => changes.say(tx, change),
    rowsPerSecond: rewrapRowsPerSecond,
    logger,
  });

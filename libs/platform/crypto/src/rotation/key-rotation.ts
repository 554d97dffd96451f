import type { KeyRotationOptions, KeyStatus } from './rotation.types.js';

/**
 * Moves a context from one installation key to the next while requests run, and lets go of the old one only when it is
 * proved that nothing needs it (`spec/encryption.md` §5).
 */
export class KeyRotation {
  constructor(private readonly options: KeyRotationOptions) {}

  /** Runs a step whenever one is due, in each process; of several, one at a time does. */
  start(): void {
    throw new Error('not built yet');
  }

  /** Lets the running step finish. */
  stop(): Promise<void> {
    throw new Error('not built yet');
  }

  /** One step, if one is due and no other process is at it. */
  tick(): Promise<void> {
    throw new Error('not built yet');
  }

  /** @throws RekeyRunningError */
  rekey(): Promise<void> {
    throw new Error('not built yet');
  }

  status(): Promise<KeyStatus[]> {
    throw new Error(`not built yet ${this.options.rowsPerSecond}`);
  }
}

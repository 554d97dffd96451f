import { VaultError } from '@strongroom/errors';

/** No master key that is configured opens this wrapped key in this context. */
export class WrappedKeyCorrupt extends Error {
  constructor() {
    super('no master key opens the wrapped key');
    this.name = 'WrappedKeyCorrupt';
  }
}

export class KeyServiceUnavailable extends VaultError {
  constructor(cause?: unknown) {
    super('the vault is sealed for the moment: its key service does not answer; try again', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 30,
      cause,
    });
  }
}

export class KeyServiceDenied extends VaultError {
  constructor(cause?: unknown) {
    super('the vault is sealed: its key service refuses the request; the operator has to look', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 60,
      cause,
    });
  }
}

/** One rotation at a time: the one before has not moved everything on yet. */
export class RekeyRunningError extends VaultError {
  constructor() {
    super('a rotation of the encryption key is running; wait until it has moved every record', {
      code: 'rotation_running',
      status: 409,
    });
  }
}

/**
 * This process has not caught up with the key ring; it does so now. Nothing is wrong with the record, so whoever waits
 * for the key service waits for this as well.
 */
export class KeyRingBehindError extends KeyServiceUnavailable {
  constructor(keyId: string) {
    super(new Error(`key ${keyId} is not loaded here yet`));
  }
}

/** Names the setting and what is wrong with it, never a value. The process ends with this line. */
export class MasterKeysRefusedError extends Error {
  constructor(problem: string) {
    super(`STRONGROOM_MASTER_KEYS: ${problem}`);
    this.name = 'MasterKeysRefusedError';
  }
}

/** There are sealed rows, and no configured master key belongs to them. Nothing may be created in their place. */
export class NoKeyForSealedRowsError extends Error {
  constructor(schema: string, keyId?: string) {
    super(
      `STRONGROOM_MASTER_KEYS: sealed rows but no key: nothing configured opens ${keyId ? `key ${keyId}` : 'any key'} ` +
        `of schema "${schema}". Put back the master key this database was created with, or restore the matching backup.`,
    );
    this.name = 'NoKeyForSealedRowsError';
  }
}

import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { hkdf } from './hkdf.js';
import type { KeyUsage } from './key-counters.js';
import { keyIdBytes } from './key-id.js';

const KEY_BYTES = 32;

/**
 * A key as it is used: what records are encrypted with, and the commitment that stands in each of them. Both are
 * derived once, here; the key itself is not kept, so it can be wrapped only by whoever made or unwrapped it.
 */
export class SealingKey {
  private constructor(
    /** UUID. */
    readonly id: string,
    /** The id as it stands in a header. */
    readonly idBytes: Buffer,
    readonly recordKey: KeyObject,
    readonly commitment: Buffer,
    /** Counts what is done with it. */
    readonly usage: KeyUsage | undefined,
  ) {}

  /** Leaves the given bytes as they are; overwriting them is up to the caller. */
  static from(id: string, bytes: Buffer, usage?: KeyUsage): SealingKey {
    if (bytes.length !== KEY_BYTES) throw new Error('a key has 32 bytes');
    const idBytes = keyIdBytes(id);
    const derived = hkdf(bytes, Buffer.concat([Buffer.from('strongroom/record/1'), idBytes]), 64);
    const recordKey = createSecretKey(derived.subarray(0, KEY_BYTES));
    const commitment = Buffer.from(derived.subarray(KEY_BYTES));
    derived.fill(0);
    return new SealingKey(id, idBytes, recordKey, commitment, usage);
  }

  static generate(id: string = randomUUID()): SealingKey {
    const bytes = randomBytes(KEY_BYTES);
    try {
      return SealingKey.from(id, bytes);
    } finally {
      bytes.fill(0);
    }
  }
}

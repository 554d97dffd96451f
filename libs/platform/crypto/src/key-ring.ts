import { randomBytes, randomUUID } from 'node:crypto';
import { secretAad, wrappedTokensetKeyAad } from './aad-rows.js';
import { type KeyCounters, KeyUsage } from './key-counters.js';
import { KeyCache } from './key-cache.js';
import type { KeyRingOptions } from './key-ring.options.js';
import { KeyRingUpkeep } from './key-ring-upkeep.js';
import { open, recordKeyId, seal } from './record.js';
import type { KeyState } from './rotation/rotation.types.js';
import { SealingKey } from './sealing-key.js';

/**
 * The keys of one context: its installation keys, unwrapped at start and kept in memory, and through them the key of
 * each tokenset. Follows by itself what other processes change. Needs the tables of `keyRingMigrations` in the schema
 * of `database`.
 *
 * key that this process has not taken over yet: neither says anything about the record.
 */
export class KeyRing {
  private readonly tokensetKeys: KeyCache;

  private constructor(
    readonly options: KeyRingOptions,
    private readonly upkeep: KeyRingUpkeep,
    private readonly usage: KeyUsage,
  ) {
    this.tokensetKeys = new KeyCache(options.now);
  }

  /**
   * A key service that is away leaves the ring sealed and is asked again in the background.
   *
   * @throws NoKeyForSealedRowsError if a key that is stored does not open; nothing is created in its place.
   */
  static async load(options: KeyRingOptions): Promise<KeyRing> {
    const usage = new KeyUsage(options.logger, options.sealsAlarm);
    const upkeep = new KeyRingUpkeep(options, usage);
    await upkeep.begin();
    return new KeyRing(options, upkeep, usage);
  }

  /** The key service has not let us in yet, or no longer does; every call says so. Retried in the background. */
  get isSealed(): boolean {
    return !this.upkeep.isOpen;
  }

  /** Takes over what has changed in the stored keys. Runs by itself every few seconds. */
  reload(): Promise<void> {
    return this.upkeep.reload();
  }

  /** After each look at the stored keys with which something can be opened. */
  onReload(listener: () => Promise<void>): void {
    this.upkeep.listeners.push(listener);
  }

  /** Ends what runs in the background, and what others wait for. */
  close(): Promise<void> {
    return this.upkeep.end();
  }

  get counters(): KeyCounters {
    return this.usage;
  }

  get installationId(): string {
    return this.upkeep.view.installationId;
  }

  /** Of an installation key, as this process knows it. */
  stateOf(keyId: string): KeyState | undefined {
    return this.upkeep.view.states.get(keyId);
  }

  /** The installation key that new values are sealed under. */
  primary(): SealingKey {
    return this.upkeep.primary();
  }

  /** @throws UnreadableRecord for a key that is unknown here or opens nothing any more. */
  byId(id: string): SealingKey {
    return this.upkeep.byId(id);
  }

  /** Seals under the primary installation key; kind, owner and field have to be said again to open it. */
  sealValue(kind: string, ownerId: string, field: string, plaintext: Buffer | string): Buffer {
    const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext;
    return seal(this.primary(), bytes, secretAad({ kind, installationId: this.installationId, ownerId, field }));
  }

  /** @throws UnreadableRecord */
  openValue(kind: string, ownerId: string, field: string, record: Buffer): Buffer {
    const key = this.byId(recordKeyId(record));
    return open(key, record, secretAad({ kind, installationId: this.installationId, ownerId, field }));
  }

  /** A new key for one tokenset. `key.id` has to be stored beside `wrapped`. */
  newTokensetKey(tokensetId: string): { key: SealingKey; wrapped: Buffer } {
    const primary = this.primary();
    const bytes = randomBytes(32);
    const key = SealingKey.from(randomUUID(), bytes, this.usage);
    const wrapped = seal(primary, bytes, this.tokensetKeyAad(tokensetId, key.id));
    bytes.fill(0);
    this.tokensetKeys.put(tokensetId, key, this.upkeep.until(primary.id));
    return { key, wrapped };
  }

  /**
   * The key of a tokenset, from memory if it was unwrapped within the last minute.
   *
   * @throws UnreadableRecord
   */
  openTokensetKey(tokensetId: string, keyId: string, wrapped: Buffer): SealingKey {
    const cached = this.tokensetKeys.get(keyId, tokensetId);
    if (cached) {
      this.usage.cacheHits++;
      return cached;
    }
    this.usage.cacheMisses++;
    const wrapping = this.byId(recordKeyId(wrapped));
    const bytes = open(wrapping, wrapped, this.tokensetKeyAad(tokensetId, keyId));
    const key = SealingKey.from(keyId, bytes, this.usage);
    bytes.fill(0);
    this.tokensetKeys.put(tokensetId, key, this.upkeep.until(wrapping.id));
    return key;
  }

  /** After a tokenset's deletion has committed. */
  forget(keyId: string): void {
    this.tokensetKeys.forget(keyId);
  }

  private tokensetKeyAad(tokensetId: string, keyId: string): Buffer {
    return wrappedTokensetKeyAad({ installationId: this.installationId, tokensetId, keyId });
  }
}

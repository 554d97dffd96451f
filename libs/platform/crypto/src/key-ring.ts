import { randomBytes, randomUUID } from 'node:crypto';
import { secretAad, wrappedTokensetKeyAad } from './aad-rows.js';
import { type InstallationKeys, type KeyRingOptions, loadInstallationKeys } from './installation-keys.js';
import { type KeyCounters, KeyUsage } from './key-counters.js';
import { KeyCache } from './key-cache.js';
import { open, recordKeyId, seal } from './record.js';
import { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

/**
 * The keys of one context: its installation keys, unwrapped at start and kept in memory, and through them the key of
 * each tokenset. Needs the tables of `keyRingMigrations` in the schema of `database`.
 */
export class KeyRing {
  private readonly tokensetKeys = new KeyCache();
  private readonly usage = new KeyUsage();

  private constructor(private readonly keys: InstallationKeys) {}

  /** @throws NoKeyForSealedRowsError if a key that is stored does not open; nothing is created in its place. */
  static async load(options: KeyRingOptions): Promise<KeyRing> {
    return new KeyRing(await loadInstallationKeys(options));
  }

  /** The key service has not let us in yet; every call says so. Retried in the background. */
  get isSealed(): boolean {
    return false;
  }

  /** Takes over what has changed in the stored keys. Runs by itself every few seconds. */
  async reload(): Promise<void> {}

  /** Ends what runs in the background. */
  async close(): Promise<void> {}

  get counters(): KeyCounters {
    return this.usage;
  }

  get installationId(): string {
    return this.keys.installationId;
  }

  /** The installation key that new values are sealed under. */
  primary(): SealingKey {
    return this.keys.primary;
  }

  /** @throws UnreadableRecord for a key that is unknown here or opens nothing any more. */
  byId(id: string): SealingKey {
    const key = this.keys.byId.get(id);
    if (!key) throw new UnreadableRecord();
    return key;
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
    const bytes = randomBytes(32);
    const key = SealingKey.from(randomUUID(), bytes);
    const wrapped = seal(this.primary(), bytes, this.tokensetKeyAad(tokensetId, key.id));
    bytes.fill(0);
    this.tokensetKeys.put(tokensetId, key);
    return { key, wrapped };
  }

  /**
   * The key of a tokenset, from memory if it was unwrapped within the last minute.
   *
   * @throws UnreadableRecord
   */
  openTokensetKey(tokensetId: string, keyId: string, wrapped: Buffer): SealingKey {
    const cached = this.tokensetKeys.get(keyId, tokensetId);
    if (cached) return cached;
    const bytes = open(this.byId(recordKeyId(wrapped)), wrapped, this.tokensetKeyAad(tokensetId, keyId));
    const key = SealingKey.from(keyId, bytes);
    bytes.fill(0);
    this.tokensetKeys.put(tokensetId, key);
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

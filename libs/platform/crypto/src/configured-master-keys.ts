import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { wrappedInstallationKeyAad } from './aad-rows.js';
import { MasterKeysRefusedError, WrappedKeyCorrupt } from './crypto.errors.js';
import { hkdf } from './hkdf.js';
import { keyIdText } from './key-id.js';
import { MasterKeys, type WrappedKeyContext } from './master-keys.js';
import { open, recordKeyId, seal } from './record.js';
import { SealingKey } from './sealing-key.js';

interface MasterKey {
  /** As the operator named it. */
  name: string;
  /** What stands in the header of what it wraps. */
  keyId: string;
  key: KeyObject;
}

/** Master keys from the configuration: the first one wraps, all of them unwrap. */
export class ConfiguredMasterKeys extends MasterKeys {
  readonly id = 'keys';
  readonly isRemote = false;
  /** By context and master key: one derivation each. */
  private readonly wrapping = new Map<string, SealingKey>();

  private constructor(
    private readonly first: MasterKey,
    private readonly all: readonly MasterKey[],
  ) {
    super();
  }

  /** @throws MasterKeysRefusedError */
  static parse(text: string): ConfiguredMasterKeys {
    const entries = text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim());
    const keys = entries.map(readEntry);
    refuseRepetition(keys);
    const masterKeys = keys.map(({ id, bytes }) => ({
      name: id,
      keyId: masterKeyId(id),
      key: createSecretKey(bytes),
    }));
    for (const { bytes } of keys) bytes.fill(0);
    const [first] = masterKeys;
    if (!first) throw new MasterKeysRefusedError('no key; expected id:base64,… with keys of 32 bytes');
    return new ConfiguredMasterKeys(first, masterKeys);
  }

  /** A new key under the given id, as `parse` reads it. */
  static generate(id: string): string {
    return `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
  }

  get keyNames(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  wrappedBy(wrapped: Buffer): string | undefined {
    return this.masterOf(wrapped)?.name;
  }

  wrap(key: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    return Promise.resolve(seal(this.wrappingKey(this.first, context), key, wrappedInstallationKeyAad(context)));
  }

  unwrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    return new Promise((done) => done(this.opened(wrapped, context)));
  }

  override async rewrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    const key = await this.unwrap(wrapped, context);
    try {
      return await this.wrap(key, context);
    } finally {
      key.fill(0);
    }
  }

  health(): Promise<void> {
    return Promise.resolve();
  }

  private opened(wrapped: Buffer, context: WrappedKeyContext): Buffer {
    try {
      const master = this.masterOf(wrapped);
      if (master) return open(this.wrappingKey(master, context), wrapped, wrappedInstallationKeyAad(context));
    } catch {
      // Not a record, or not one of this key and context: the same answer as for an unknown key.
    }
    throw new WrappedKeyCorrupt();
  }

  private masterOf(wrapped: Buffer): MasterKey | undefined {
    try {
      const keyId = recordKeyId(wrapped);
      return this.all.find((candidate) => candidate.keyId === keyId);
    } catch {
      return undefined; // not a record: no key of ours made it
    }
  }

  /** Derived per context, so that two contexts with the same master keys cannot unwrap each other's. */
  private wrappingKey({ keyId, key }: MasterKey, { context }: WrappedKeyContext): SealingKey {
    const name = `${keyId} ${context}`;
    const known = this.wrapping.get(name);
    if (known) return known;
    const bytes = hkdf(key, Buffer.concat([Buffer.from('strongroom/kek/1'), Buffer.from(context)]), KEY_BYTES);
    const derived = SealingKey.from(keyId, bytes);
    bytes.fill(0);
    this.wrapping.set(name, derived);
    return derived;
  }
}

const KEY_BYTES = 32;

const masterKeyId = (id: string): string =>
  keyIdText(createHash('sha256').update('strongroom/mk-id').update(id).digest().subarray(0, 16));

interface ConfiguredKey {
  id: string;
  bytes: Buffer;
}

function readEntry(entry: string, index: number): ConfiguredKey {
  const [, id, base64] = /^([\w.-]{1,64}):(.+)$/s.exec(entry) ?? [];
  // By its place: what stands before the colon may be a piece of a key that was pasted wrongly.
  if (id === undefined || base64 === undefined)
    throw new MasterKeysRefusedError(`entry ${index + 1} is not of the form id:base64`);
  const bytes = Buffer.from(base64, 'base64');
  const unpadded = base64.replace(/=+$/, '');
  if (bytes.toString('base64').replace(/=+$/, '') !== unpadded)
    throw new MasterKeysRefusedError(`the key of entry ${index + 1} is not base64`);
  if (bytes.length !== KEY_BYTES)
    throw new MasterKeysRefusedError(`the key of entry ${index + 1} is not 32 bytes long`);
  if (bytes.every((byte) => byte === bytes[0]))
    throw new MasterKeysRefusedError(`the key of entry ${index + 1} is one repeated byte; make a random one`);
  return { id, bytes };
}

function refuseRepetition(keys: readonly ConfiguredKey[]): void {
  keys.forEach((key, index) => {
    for (const earlier of keys.slice(0, index)) {
      if (earlier.id === key.id) throw new MasterKeysRefusedError(`entry ${index + 1} has the id of an earlier one`);
      if (earlier.bytes.equals(key.bytes))
        throw new MasterKeysRefusedError(`entry ${index + 1} is the same key as an earlier one`);
    }
  });
}

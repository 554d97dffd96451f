import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { hkdfBySecond, sealBySecond } from '../test/second-implementation.js';
import { hex, vectors } from '../test/vectors.js';
import { aad } from './aad.js';
import { hkdf } from './hkdf.js';
import { keyIdBytes } from './key-id.js';
import { open, recordKeyId, seal, sealWithNonce } from './record.js';
import { SealingKey } from './sealing-key.js';

/** What came out of an attempt to open: the plaintext, or how the error looks from outside. */
function attempt(key: SealingKey, record: Buffer, bound: Buffer): string {
  try {
    return `opened ${open(key, record, bound).toString('hex')}`;
  } catch (error) {
    const { name, message, cause } = error as Error;
    return JSON.stringify({ name, message, cause, own: Object.keys(error as Error) });
  }
}

const REFUSED = JSON.stringify({
  name: 'UnreadableRecord',
  message: 'the sealed value cannot be opened',
  own: ['name'],
});

describe('record', () => {
  describe.each(vectors.records)('vector "$name"', (vector) => {
    const key = SealingKey.from(vector.keyId, hex(vector.key));
    const plaintext = Buffer.from(vector.plaintext);

    it('is written byte for byte', () => {
      expect(aad(vector.parts).toString('hex')).toBe(vector.aad);
      const record = sealWithNonce(key, plaintext, aad(vector.parts), hex(vector.nonce));
      expect(record.toString('hex')).toBe(vector.record);
    });

    it('is opened', () => {
      expect(open(key, hex(vector.record), aad(vector.parts)).toString()).toBe(vector.plaintext);
      expect(recordKeyId(hex(vector.record))).toBe(vector.keyId);
    });
  });

  it('agrees with a second implementation on random values', () => {
    for (let n = 0; n < 500; n++) {
      const [bytes, nonce, plaintext] = [randomBytes(32), randomBytes(12), randomBytes(n * 3)];
      const [keyId, bound] = [randomUUID(), aad([n, 'é', randomUUID()])];
      const record = sealBySecond({ key: bytes, keyId, nonce, plaintext, aad: bound });
      const key = SealingKey.from(keyId, bytes);
      expect(sealWithNonce(key, plaintext, bound, nonce).equals(record)).toBe(true);
      expect(open(key, record, bound).equals(plaintext)).toBe(true);
    }
  });

  it('derives with HKDF as RFC 5869 has it', () => {
    // Test case 1 of the RFC shows that the second implementation is right; with SHA-512 ours has to agree with it.
    const okm = hkdfBySecond(
      'sha256',
      hex('0b'.repeat(22)),
      hex('000102030405060708090a0b0c'),
      hex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(okm.toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
    for (const length of [16, 32, 64, 200]) {
      const [key, info] = [randomBytes(32), randomBytes(19)];
      const expected = hkdfBySecond('sha512', key, Buffer.alloc(64), info, length);
      expect(hkdf(key, info, length).equals(expected)).toBe(true);
    }
  });

  it('never repeats a nonce, and writes one commitment per key', () => {
    const key = SealingKey.generate();
    const records = Array.from({ length: 20_000 }, () => seal(key, Buffer.from('x'), aad([])));
    expect(new Set(records.map((record) => record.toString('hex', 20, 32))).size).toBe(records.length);
    expect(new Set(records.map((record) => record.toString('hex', 32, 64))).size).toBe(1);
  });

  it('opens an empty value, and refuses what is shorter than a record can be', () => {
    const key = SealingKey.generate();
    const record = seal(key, Buffer.alloc(0), aad(['a']));
    expect(record).toHaveLength(80);
    expect(open(key, record, aad(['a']))).toHaveLength(0);
    expect(attempt(key, record.subarray(0, 79), aad(['a']))).toBe(REFUSED);
    expect(attempt(key, Buffer.alloc(0), aad(['a']))).toBe(REFUSED);
  });

  describe('refuses, with one and the same error,', () => {
    const bytes = randomBytes(32);
    const key = SealingKey.from(randomUUID(), bytes);
    const plaintext = Buffer.from('cnry_a_refresh_token_of_ordinary_length_0123456789');
    const bound = aad(['tokenset', 'x']);
    const record = seal(key, plaintext, bound);

    it('each single bit flipped', () => {
      for (let bit = 0; bit < record.length * 8; bit++) {
        const mutated = Buffer.from(record);
        mutated[bit >> 3]! ^= 1 << (bit & 7);
        expect(attempt(key, mutated, bound)).toBe(REFUSED);
      }
    });

    it('a tag of every shorter length', () => {
      for (let length = 0; length < 16; length++) {
        const shorter = Buffer.concat([record.subarray(0, -16), record.subarray(-16, record.length - 16 + length)]);
        expect(attempt(key, shorter, bound)).toBe(REFUSED);
      }
    });

    it('another version, suite and magic', () => {
      for (const [at, value] of [
        [0, 0x00],
        [1, 0x42],
        [2, 2],
        [3, 0],
        [3, 2],
      ] as const) {
        const mutated = Buffer.from(record);
        mutated[at] = value;
        expect(attempt(key, mutated, bound)).toBe(REFUSED);
      }
    });

    it('a record of another key, also under this key id', () => {
      const other = SealingKey.generate();
      expect(attempt(key, seal(other, plaintext, bound), bound)).toBe(REFUSED);
      expect(attempt(key, seal(SealingKey.generate(key.id), plaintext, bound), bound)).toBe(REFUSED);
    });

    it("another key's commitment over a ciphertext that is right otherwise", () => {
      const mutated = Buffer.from(record);
      seal(SealingKey.generate(key.id), plaintext, bound).copy(mutated, 32, 32, 64);
      expect(attempt(key, mutated, bound)).toBe(REFUSED);
    });

    it('a ciphertext under the right record key without the commitment', () => {
      const okm = hkdf(bytes, Buffer.concat([Buffer.from('strongroom/record/1'), keyIdBytes(key.id)]), 64);
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', okm.subarray(0, 32), nonce).setAAD(bound);
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      const head = record.subarray(0, 20);
      const rest = [ciphertext, cipher.getAuthTag()];
      expect(attempt(key, Buffer.concat([head, nonce, okm.subarray(32), ...rest]), bound)).not.toBe(REFUSED);
      expect(attempt(key, Buffer.concat([head, nonce, randomBytes(32), ...rest]), bound)).toBe(REFUSED);
    });

    it('what is bound to another list', () => {
      for (const parts of [[], ['tokenset'], ['tokenset', 'y'], ['tokensetx'], ['tokenset', 'x', '']])
        expect(attempt(key, record, aad(parts))).toBe(REFUSED);
    });
  });

  it('keeps keys out of what is printed', () => {
    const bytes = randomBytes(32);
    const printed = JSON.stringify(SealingKey.from(randomUUID(), bytes));
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(printed).not.toContain(bytes.toString(form));
    expect(printed).toContain('"recordKey":{}');
  });
});

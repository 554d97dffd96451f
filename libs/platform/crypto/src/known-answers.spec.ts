import { createSecretKey, hkdfSync, type webcrypto } from 'node:crypto';
import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { type AeadTest, type HkdfTest, type HpkeSuiteTest, rfc9180, wycheproof } from '../test/known-answers.js';
import { hkdfBySecond, hpkeOpenBySecond, hpkeSealBySecond } from '../test/second-implementation.js';
import { hex } from '../test/vectors.js';
import { hkdf } from './hkdf.js';
import { open, sealWithNonce } from './record.js';
import { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

const named = <T extends { tcId: number; comment: string; result: string }>(tests: T[]): [string, T][] =>
  tests.map((test) => [`${test.tcId} ${test.result} ${test.comment}`.trim(), test]);

describe('Wycheproof', () => {
  describe('AES-256-GCM, as records seal and open', () => {
    // The derived key is given, so that what is tested is the cipher as it is called in a record.
    const keyOf = (test: AeadTest): SealingKey => {
      const key = SealingKey.from('11223344-5566-4778-8990-aabbccddeeff', Buffer.alloc(32, test.tcId));
      return Object.assign(Object.create(SealingKey.prototype) as SealingKey, key, {
        recordKey: createSecretKey(hex(test.key)),
      });
    };
    const headOf = (key: SealingKey, test: AeadTest): Buffer =>
      Buffer.concat([hex('53520101'), key.idBytes, hex(test.iv), key.commitment]);

    it.each(named(wycheproof.aes256gcm))('%s', (_name, test) => {
      const key = keyOf(test);
      const record = Buffer.concat([headOf(key, test), hex(test.ct), hex(test.tag)]);
      if (test.result === 'invalid') {
        expect(() => open(key, record, hex(test.aad))).toThrow(UnreadableRecord);
        return;
      }
      expect(open(key, record, hex(test.aad)).toString('hex')).toBe(test.msg);
      expect(sealWithNonce(key, hex(test.msg), hex(test.aad), hex(test.iv)).equals(record)).toBe(true);
    });
  });

  describe('HKDF-SHA-512, as keys are derived', () => {
    it.each(named(wycheproof.hkdf.sha512))('%s', (_name, test) => expectOkm('sha512', test));

    it.each(named(wycheproof.hkdf.sha512.filter(({ salt, result }) => salt === '' && result === 'valid')))(
      'without salt, by the function of ours: %s',
      (_name, { ikm, info, size, okm }) => {
        expect(hkdf(hex(ikm), hex(info), size).toString('hex')).toBe(okm);
        if (ikm !== '') expect(hkdf(createSecretKey(hex(ikm)), hex(info), size).toString('hex')).toBe(okm);
      },
    );
  });

  describe('HKDF-SHA-256, as boxes use it; its first three are those of RFC 5869', () => {
    it('holds the three test cases of the RFC for this hash', () => {
      expect(wycheproof.hkdf.sha256.filter(({ comment }) => comment === 'RFC 5869')).toHaveLength(3);
    });

    it.each(named(wycheproof.hkdf.sha256))('%s', async (_name, test) => {
      expectOkm('sha256', test);
      const { salt, ikm, info, size, okm, result } = test;
      const kdf = new HkdfSha256();
      kdf.init(new Uint8Array());
      const derived = kdf.extractAndExpand(hex(salt), hex(ikm), hex(info), size);
      if (result === 'invalid') await expect(derived).rejects.toThrow();
      else expect(Buffer.from(await derived).toString('hex')).toBe(okm);
    });
  });
});

/** By what the product derives with and by the second implementation. */
function expectOkm(hash: 'sha256' | 'sha512', { ikm, salt, info, size, okm, result }: HkdfTest): void {
  const both = [
    () => Buffer.from(hkdfSync(hash, hex(ikm), hex(salt), hex(info), size)),
    () => hkdfBySecond(hash, hex(ikm), hex(salt), hex(info), size),
  ];
  for (const derive of both)
    if (result === 'invalid') expect(derive).toThrow();
    else expect(derive().toString('hex')).toBe(okm);
}

describe.each(rfc9180)('RFC 9180, base mode, X25519, AEAD $aead_id', (test: HpkeSuiteTest) => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: test.aead_id === 1 ? new Aes128Gcm() : new Aes256Gcm(),
  });
  const pair = async (secret: string, open: string): Promise<webcrypto.CryptoKeyPair> => ({
    privateKey: await suite.kem.deserializePrivateKey(hex(secret)),
    publicKey: await suite.kem.deserializePublicKey(hex(open)),
  });

  it.each(test.encryptions)(
    'message $sequence is sealed and opened by the library that boxes are made with',
    async (one) => {
      const recipient = { recipientKey: await pair(test.skRm, test.pkRm), enc: hex(test.enc), info: hex(test.info) };
      const sender = {
        recipientPublicKey: recipient.recipientKey.publicKey,
        info: hex(test.info),
        ekm: await pair(test.skEm, test.pkEm),
      };
      const [sealing, opening] = [
        await suite.createSenderContext(sender),
        await suite.createRecipientContext(recipient),
      ];
      for (let skipped = 0; skipped < one.sequence; skipped += 1)
        await opening.open(await sealing.seal(Buffer.from('skipped')));
      expect(Buffer.from(sealing.enc).toString('hex')).toBe(test.enc);
      expect(Buffer.from(await sealing.seal(hex(one.pt), hex(one.aad))).toString('hex')).toBe(one.ct);
      expect(Buffer.from(await opening.open(hex(one.ct), hex(one.aad))).toString('hex')).toBe(one.pt);
    },
  );

  it('its first message is sealed and opened by the second implementation', () => {
    const [{ aad, ct, pt }] = test.encryptions as [HpkeSuiteTest['encryptions'][number]];
    const common = { aead: test.aead_id, info: hex(test.info), aad: hex(aad) };
    const enc = hex(test.enc);
    const opened = hpkeOpenBySecond({ ...common, privateKey: hex(test.skRm), enc, ciphertext: hex(ct) });
    expect(opened.toString('hex')).toBe(pt);
    const sender = { ...common, ephemeral: hex(test.skEm), publicKey: hex(test.pkRm), plaintext: hex(pt) };
    expect(hpkeSealBySecond(sender).toString('hex')).toBe(test.enc + ct);
  });
});

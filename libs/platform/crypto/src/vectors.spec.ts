import { createPrivateKey, createPublicKey, type webcrypto } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { filled, makeVectors } from '../test/make-vectors.js';
import { hpkeOpenBySecond, openBySecond } from '../test/second-implementation.js';
import { hex, vectors } from '../test/vectors.js';
import { aad } from './aad.js';
import { boxAad } from './aad-rows.js';
import { ConfiguredMasterKeys } from './configured-master-keys.js';
import { IntakePrivateKey, openBox, sealBox } from './intake-box.js';
import { open, sealWithNonce } from './record.js';
import { SealingKey } from './sealing-key.js';

const FILE = new URL('../test/vectors.json', import.meta.url);
const { installationId, keyId, intake, masterKey } = vectors;

describe('vectors.json', () => {
  it('holds what the second implementation writes, to the byte', () => {
    const written = makeVectors();
    // How a new row gets in: run once with this variable, format, and look at the diff, which may only add.
    if (process.env['STRONGROOM_TEST_WRITE_VECTORS'] === 'on') writeFileSync(FILE, JSON.stringify(written));
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(written);
  });

  it.each(vectors.records)('"$name": either implementation reads what the other writes', (vector) => {
    const [bytes, bound, plaintext] = [hex(vector.key), aad(vector.parts), Buffer.from(vector.plaintext)];
    const key = SealingKey.from(vector.keyId, bytes);
    const ours = sealWithNonce(key, plaintext, bound, hex(vector.nonce));
    expect(ours.toString('hex')).toBe(vector.record);
    expect(openBySecond({ key: bytes, keyId: vector.keyId, aad: bound, record: ours })).toEqual(plaintext);
    expect(open(key, hex(vector.record), bound)).toEqual(plaintext);
  });

  it('the wrapped installation key: either implementation reads what the other writes', async () => {
    const keys = ConfiguredMasterKeys.parse(`${masterKey.id}:${hex(masterKey.key).toString('base64')}`);
    const context = { installationId, context: masterKey.context, keyId, version: masterKey.version } as const;
    const of = { purpose: 'installation-key', ...context } as const;
    expect((await keys.unwrap(hex(masterKey.wrapped), of)).toString('hex')).toBe(masterKey.installationKey);
    const again = await keys.wrap(hex(masterKey.installationKey), of);
    // The header names the same master key, and the same key under it made the commitment.
    expect(again.toString('hex', 0, 20)).toBe(masterKey.wrapped.slice(0, 40));
    expect(again.toString('hex', 32, 64)).toBe(masterKey.wrapped.slice(64, 128));
  });

  it.each(intake.boxes)('the box for $purpose: either implementation reads what the other writes', async (vector) => {
    const { box, plaintext, ...context } = vector;
    const key = IntakePrivateKey.from(keyId, hex(intake.privateKey));
    expect(await openBox(key, installationId, context, hex(box).toString('base64url'))).toBe(plaintext);
    const sealed = await sealBox({ installationId, keyId, publicKey: key.publicKey }, context, plaintext);
    const ours = Buffer.from(sealed, 'base64url');
    expect(ours.toString('hex', 0, 20)).toBe(box.slice(0, 40));
    const opened = hpkeOpenBySecond({
      aead: 2,
      privateKey: hex(intake.privateKey),
      enc: ours.subarray(20, 52),
      info: Buffer.from('strongroom/intake/1'),
      aad: boxAad(installationId, context),
      ciphertext: ours.subarray(52),
    });
    expect(opened.toString()).toBe(plaintext);
  });

  it.each(intake.boxes)(
    'the box for $purpose is made byte for byte by the library that we seal with',
    async (vector) => {
      const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
      const { enc, ct } = await suite.seal(
        {
          recipientPublicKey: await suite.kem.deserializePublicKey(hex(intake.publicKey)),
          info: Buffer.from('strongroom/intake/1'),
          ekm: pairOf(filled(`ephemeral ${vector.purpose}`, 32)),
        },
        Buffer.from(vector.plaintext),
        boxAad(installationId, vector),
      );
      expect(Buffer.concat([Buffer.from(enc), Buffer.from(ct)]).toString('hex')).toBe(vector.box.slice(40));
    },
  );
});

/** X25519, from its private bytes. */
function pairOf(bytes: Buffer): webcrypto.CryptoKeyPair {
  const der = Buffer.concat([hex('302e020100300506032b656e04220420'), bytes]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const x25519 = { name: 'X25519' };
  return {
    privateKey: privateKey.toCryptoKey(x25519, true, ['deriveBits']),
    publicKey: createPublicKey(privateKey).toCryptoKey(x25519, true, []),
  };
}

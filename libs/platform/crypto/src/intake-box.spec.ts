import { randomUUID } from 'node:crypto';
import { hpkeOpenBySecond } from '../test/second-implementation.js';
import { hex, vectors } from '../test/vectors.js';
import { boxAad, type BoxContext } from './aad-rows.js';
import { boxKeyId, IntakePrivateKey, openBox, sealBox } from './intake-box.js';
import { UnreadableRecord } from './unreadable-record.error.js';

const { installationId, keyId, intake } = vectors;
const key = IntakePrivateKey.from(keyId, hex(intake.privateKey));
const recipient = { installationId, keyId, publicKey: key.publicKey };
const context: BoxContext = { purpose: 'provider-code', connectionId: 'con_1a', ownerId: 'cs_1a', field: 'code' };

describe('intake box', () => {
  it('computes the public half', () => {
    expect(Buffer.from(key.publicKey, 'base64url').toString('hex')).toBe(intake.publicKey);
  });

  it.each(intake.boxes)('opens the vector for $purpose', async ({ box, plaintext, ...of }) => {
    const text = hex(box).toString('base64url');
    expect(boxKeyId(text)).toBe(keyId);
    expect(await openBox(key, installationId, of, text)).toBe(plaintext);
  });

  it('seals what a second implementation of RFC 9180 opens', async () => {
    // A.1.1 of the RFC shows that the second implementation is right; its suite differs from ours in the AEAD only.
    const known = hpkeOpenBySecond({
      aead: 1,
      privateKey: hex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
      enc: hex('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
      info: hex('4f6465206f6e2061204772656369616e2055726e'),
      aad: hex('436f756e742d30'),
      ciphertext: hex('f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a'),
    });
    expect(known.toString()).toBe('Beauty is truth, truth beauty');

    const box = Buffer.from(await sealBox(recipient, context, 'cnry_provider_code'), 'base64url');
    expect(box.toString('hex', 0, 20)).toBe(`53420101${keyId.replaceAll('-', '')}`);
    const opened = hpkeOpenBySecond({
      aead: 2,
      privateKey: hex(intake.privateKey),
      enc: box.subarray(20, 52),
      info: Buffer.from('strongroom/intake/1'),
      aad: boxAad(installationId, context),
      ciphertext: box.subarray(52),
    });
    expect(opened.toString()).toBe('cnry_provider_code');
  });

  it('opens for the same purpose, owner, connection and field only', async () => {
    const box = await sealBox(recipient, context, 'cnry_provider_code');
    const changes: Partial<BoxContext>[] = [
      { purpose: 'pkce-verifier' },
      { purpose: 'connection-credential' },
      { connectionId: 'con_2' },
      { ownerId: 'cs_2' },
      { field: 'verifier' },
    ];
    for (const change of changes)
      await expect(openBox(key, installationId, { ...context, ...change }, box)).rejects.toThrow(UnreadableRecord);
    await expect(openBox(key, randomUUID(), context, box)).rejects.toThrow(UnreadableRecord);
    expect(await openBox(key, installationId, context, box)).toBe('cnry_provider_code');
  });

  it('does not open with another key, also under its id', async () => {
    const box = await sealBox(recipient, context, 'cnry_provider_code');
    for (const other of [IntakePrivateKey.generate(), IntakePrivateKey.generate(keyId)])
      await expect(openBox(other, installationId, context, box)).rejects.toThrow(UnreadableRecord);
  });

  it('refuses each changed byte, each shorter box, and each other spelling of it', async () => {
    const box = await sealBox(recipient, context, 'cnry');
    const bytes = Buffer.from(box, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const mutated = Buffer.from(bytes);
      mutated[at]! ^= 0x20;
      await expect(openBox(key, installationId, context, mutated.toString('base64url'))).rejects.toThrow(
        UnreadableRecord,
      );
      const shorter = bytes.subarray(0, at).toString('base64url');
      await expect(openBox(key, installationId, context, shorter)).rejects.toThrow(UnreadableRecord);
    }
    for (const spelling of [`${box}=`, ` ${box}`, `${box}\n`, `${box.slice(0, 9)}!${box.slice(9)}`])
      await expect(openBox(key, installationId, context, spelling)).rejects.toThrow(UnreadableRecord);
  });

  it('never seals alike twice', async () => {
    const [one, two] = await Promise.all([sealBox(recipient, context, 'x'), sealBox(recipient, context, 'x')]);
    expect(one).not.toBe(two);
  });
});

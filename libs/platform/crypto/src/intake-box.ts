import { createPrivateKey, createPublicKey, randomBytes, randomUUID, type webcrypto } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { boxAad, type BoxContext } from './aad-rows.js';
import { keyIdBytes, keyIdText } from './key-id.js';
import { UnreadableRecord } from './unreadable-record.error.js';

/** What a context needs to know to seal for the vault; the `IntakeKeys` port answers it. */
export interface IntakeRecipient {
  installationId: string;
  /** UUID. */
  keyId: string;
  /** X25519, 32 bytes, base64url. */
  publicKey: string;
}

/** "SB", format version 1, suite 1: HPKE base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
const HEADER = Buffer.from([0x53, 0x42, 0x01, 0x01]);
const KEY_ID = 4;
const ENC = 20;
const CIPHERTEXT = 52;
const TAG_BYTES = 16;
const INFO = bytesOf(Buffer.from('strongroom/intake/1'));

const X25519 = { name: 'X25519' } as const;
/** What stands before the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Seals a secret so that only the vault can read it, and only for this purpose, owner and field. Returns base64url. */
export async function sealBox(intake: IntakeRecipient, context: BoxContext, plaintext: string): Promise<string> {
  const jwk = { kty: 'OKP', crv: 'X25519', x: intake.publicKey };
  const recipientPublicKey = createPublicKey({ key: jwk, format: 'jwk' }).toCryptoKey(X25519, true, []);
  const { enc, ct } = await suite.seal(
    { recipientPublicKey, info: INFO },
    bytesOf(Buffer.from(plaintext, 'utf8')),
    bytesOf(boxAad(intake.installationId, context)),
  );
  return Buffer.concat([HEADER, keyIdBytes(intake.keyId), Buffer.from(enc), Buffer.from(ct)]).toString('base64url');
}

/** The private half. Its owner is `tokensets`; nobody else can open a box. */
export class IntakePrivateKey {
  private constructor(
    /** UUID. */
    readonly id: string,
    /** X25519, 32 bytes, base64url. */
    readonly publicKey: string,
    readonly pair: webcrypto.CryptoKeyPair,
  ) {}

  static generate(id: string = randomUUID()): IntakePrivateKey {
    const bytes = randomBytes(32);
    try {
      return IntakePrivateKey.from(id, bytes);
    } finally {
      bytes.fill(0);
    }
  }

  /**
   * Takes the 32 private bytes and leaves them as they are. The public half is computed and never read from where it is
   * stored: whoever could exchange it there would have every secret sealed to a key of their own.
   */
  static from(id: string, privateBytes: Buffer): IntakePrivateKey {
    const der = Buffer.concat([PKCS8_X25519, privateBytes]);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    const publicKey = createPublicKey(privateKey);
    const { x } = publicKey.export({ format: 'jwk' });
    if (!x) throw new Error('an intake key is an X25519 key');
    return new IntakePrivateKey(id, x, {
      privateKey: privateKey.toCryptoKey(X25519, false, ['deriveBits']),
      publicKey: publicKey.toCryptoKey(X25519, true, []),
    });
  }
}

/** @throws UnreadableRecord for anything but a box sealed to this key for this very context. */
export async function openBox(
  key: IntakePrivateKey,
  installationId: string,
  context: BoxContext,
  box: string,
): Promise<string> {
  const bytes = Buffer.from(box, 'base64url');
  if (boxKeyId(box) !== key.id) throw new UnreadableRecord();
  try {
    const plaintext = await suite.open(
      { recipientKey: key.pair, enc: bytesOf(bytes.subarray(ENC, CIPHERTEXT)), info: INFO },
      bytesOf(bytes.subarray(CIPHERTEXT)),
      bytesOf(boxAad(installationId, context)),
    );
    return Buffer.from(plaintext).toString('utf8');
  } catch {
    throw new UnreadableRecord();
  }
}

/** The id of the intake key that is needed to open the box. */
export function boxKeyId(box: string): string {
  const bytes = Buffer.from(box, 'base64url');
  // Decoding skips what is not base64url; comparing keeps one box from having many spellings.
  if (bytes.toString('base64url') !== box) throw new UnreadableRecord();
  if (bytes.length < CIPHERTEXT + TAG_BYTES || !bytes.subarray(0, KEY_ID).equals(HEADER)) throw new UnreadableRecord();
  return keyIdText(bytes.subarray(KEY_ID, ENC));
}

/** A copy of its own: a small `Buffer` is a window into a pool that it shares with others. */
function bytesOf(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

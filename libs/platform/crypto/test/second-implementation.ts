import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';

/** The formats once more, from the RFCs and the specification and without the library's own code. For its tests. */

type Hash = 'sha256' | 'sha512';

const extract = (hash: Hash, salt: Buffer, ikm: Buffer): Buffer => createHmac(hash, salt).update(ikm).digest();

function expand(hash: Hash, prk: Buffer, info: Buffer, length: number): Buffer {
  let block: Buffer = Buffer.alloc(0);
  let all: Buffer = Buffer.alloc(0);
  for (let n = 1; all.length < length; n++) {
    block = createHmac(hash, prk)
      .update(Buffer.concat([block, info, Buffer.from([n])]))
      .digest();
    all = Buffer.concat([all, block]);
  }
  return all.subarray(0, length);
}

/** RFC 5869. */
export const hkdfBySecond = (hash: Hash, ikm: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  expand(hash, extract(hash, salt, ikm), info, length);

export function sealBySecond(of: {
  key: Buffer;
  keyId: string;
  nonce: Buffer;
  plaintext: Buffer;
  aad: Buffer;
}): Buffer {
  const keyId = Buffer.from(of.keyId.split('-').join(''), 'hex');
  const info = Buffer.concat([Buffer.from('strongroom/record/1'), keyId]);
  const okm = hkdfBySecond('sha512', of.key, Buffer.alloc(64), info, 64);
  const cipher = createCipheriv('aes-256-gcm', okm.subarray(0, 32), of.nonce);
  cipher.setAAD(of.aad);
  const ciphertext = Buffer.concat([cipher.update(of.plaintext), cipher.final()]);
  const head = Buffer.from('53520101', 'hex');
  return Buffer.concat([head, keyId, of.nonce, okm.subarray(32), ciphertext, cipher.getAuthTag()]);
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');

const x25519Private = (bytes: Buffer): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), bytes]),
    format: 'der',
    type: 'pkcs8',
  });
const x25519Public = (bytes: Buffer): KeyObject =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), bytes]),
    format: 'der',
    type: 'spki',
  });
const publicBytes = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);

/** RFC 9180 §5.1.1 for DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256; AEAD 1 is AES-128-GCM, 2 is AES-256-GCM. */
export function hpkeOpenBySecond(of: {
  aead: 1 | 2;
  privateKey: Buffer;
  enc: Buffer;
  info: Buffer;
  aad: Buffer;
  ciphertext: Buffer;
}): Buffer {
  const labeledExtract = (suite: Buffer, salt: Buffer, label: string, ikm: Buffer): Buffer =>
    extract('sha256', salt, Buffer.concat([ascii('HPKE-v1'), suite, ascii(label), ikm]));
  const labeledExpand = (suite: Buffer, prk: Buffer, label: string, info: Buffer, length: number): Buffer =>
    expand('sha256', prk, Buffer.concat([u16(length), ascii('HPKE-v1'), suite, ascii(label), info]), length);
  const none = Buffer.alloc(0);

  const kem = Buffer.concat([ascii('KEM'), u16(0x20)]);
  const own = x25519Private(of.privateKey);
  const dh = diffieHellman({ privateKey: own, publicKey: x25519Public(of.enc) });
  const kemContext = Buffer.concat([of.enc, publicBytes(own)]);
  const shared = labeledExpand(kem, labeledExtract(kem, none, 'eae_prk', dh), 'shared_secret', kemContext, 32);

  const suite = Buffer.concat([ascii('HPKE'), u16(0x20), u16(1), u16(of.aead)]);
  const pskIdHash = labeledExtract(suite, none, 'psk_id_hash', none);
  const context = Buffer.concat([Buffer.from([0]), pskIdHash, labeledExtract(suite, none, 'info_hash', of.info)]);
  const secret = labeledExtract(suite, shared, 'secret', none);
  const key = labeledExpand(suite, secret, 'key', context, of.aead === 1 ? 16 : 32);
  const nonce = labeledExpand(suite, secret, 'base_nonce', context, 12);

  const decipher = createDecipheriv(of.aead === 1 ? 'aes-128-gcm' : 'aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(of.aad).setAuthTag(of.ciphertext.subarray(-16));
  return Buffer.concat([decipher.update(of.ciphertext.subarray(0, -16)), decipher.final()]);
}

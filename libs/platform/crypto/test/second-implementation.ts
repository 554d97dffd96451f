import { gcm } from '@noble/ciphers/aes.js';
import { expand, extract, hkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { x25519, x25519Public } from './x25519.js';

/**
 * The formats once more, from the RFCs and the specification, and without the library's own code or OpenSSL under it:
 * AES, GCM, SHA-2 and HKDF are those of @noble, X25519 is written out beside. For the tests of the library only.
 */

const HASHES = { sha256, sha512 };
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);

/** RFC 5869. */
export const hkdfBySecond = (
  hash: 'sha256' | 'sha512',
  ikm: Buffer,
  salt: Buffer,
  info: Buffer,
  length: number,
): Buffer => Buffer.from(hkdf(HASHES[hash], ikm, salt, info, length));

/** Length-prefixed, version first. */
export function aadBySecond(parts: readonly string[]): Buffer {
  const encoded = ['strongroom/aad/1', ...parts].map((part) => Buffer.from(new TextEncoder().encode(part)));
  return Buffer.concat(encoded.flatMap((part) => [u16(part.length >>> 16), u16(part.length & 0xffff), part]));
}

interface Sealed {
  key: Buffer;
  /** 16 bytes as a UUID. */
  keyId: string;
  aad: Buffer;
}

export function sealBySecond(of: Sealed & { nonce: Buffer; plaintext: Buffer }): Buffer {
  const { keyId, recordKey, commitment } = derived(of);
  const sealed = gcm(recordKey, of.nonce, of.aad).encrypt(of.plaintext);
  return Buffer.concat([Buffer.from('53520101', 'hex'), keyId, of.nonce, commitment, sealed]);
}

/** Throws for anything but a record of this key that is bound to this list. */
export function openBySecond(of: Sealed & { record: Buffer }): Buffer {
  const { keyId, recordKey, commitment } = derived(of);
  const { record } = of;
  const head = Buffer.concat([Buffer.from('53520101', 'hex'), keyId]);
  if (record.length < 80 || !record.subarray(0, 20).equals(head)) throw new Error('no record of this key');
  if (!record.subarray(32, 64).equals(commitment)) throw new Error('the commitment of another key');
  return Buffer.from(gcm(recordKey, record.subarray(20, 32), of.aad).decrypt(record.subarray(64)));
}

function derived({ key, keyId }: Sealed): { keyId: Buffer; recordKey: Buffer; commitment: Buffer } {
  const id = Buffer.from(keyId.split('-').join(''), 'hex');
  const okm = hkdfBySecond('sha512', key, Buffer.alloc(0), Buffer.concat([ascii('strongroom/record/1'), id]), 64);
  return { keyId: id, recordKey: okm.subarray(0, 32), commitment: okm.subarray(32) };
}

/** AEAD 1 is AES-128-GCM, 2 is AES-256-GCM. */
type Aead = 1 | 2;

/** RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256; the first message of a context. */
export function hpkeOpenBySecond(of: {
  aead: Aead;
  privateKey: Buffer;
  enc: Buffer;
  info: Buffer;
  aad: Buffer;
  ciphertext: Buffer;
}): Buffer {
  const dh = x25519(of.privateKey, of.enc);
  const { key, nonce } = keySchedule(of.aead, dh, of.enc, x25519Public(of.privateKey), of.info);
  return Buffer.from(gcm(key, nonce, of.aad).decrypt(of.ciphertext));
}

/** `enc ‖ ciphertext ‖ tag`. The ephemeral key is given, so that the bytes are always the same: for vectors only. */
export function hpkeSealBySecond(of: {
  aead: Aead;
  ephemeral: Buffer;
  publicKey: Buffer;
  info: Buffer;
  aad: Buffer;
  plaintext: Buffer;
}): Buffer {
  const enc = x25519Public(of.ephemeral);
  const { key, nonce } = keySchedule(of.aead, x25519(of.ephemeral, of.publicKey), enc, of.publicKey, of.info);
  return Buffer.concat([enc, gcm(key, nonce, of.aad).encrypt(of.plaintext)]);
}

/** RFC 9180 §4.1 and §5.1. */
function keySchedule(
  aead: Aead,
  dh: Buffer,
  enc: Buffer,
  publicKey: Buffer,
  info: Buffer,
): { key: Buffer; nonce: Buffer } {
  const none = Buffer.alloc(0);
  const kem = labeled(Buffer.concat([ascii('KEM'), u16(0x20)]));
  const shared = kem.expand(kem.extract(none, 'eae_prk', dh), 'shared_secret', Buffer.concat([enc, publicKey]), 32);
  const suite = labeled(Buffer.concat([ascii('HPKE'), u16(0x20), u16(1), u16(aead)]));
  const context = Buffer.concat([
    Buffer.from([0]),
    suite.extract(none, 'psk_id_hash', none),
    suite.extract(none, 'info_hash', info),
  ]);
  const secret = suite.extract(shared, 'secret', none);
  return {
    key: suite.expand(secret, 'key', context, aead === 1 ? 16 : 32),
    nonce: suite.expand(secret, 'base_nonce', context, 12),
  };
}

const labeled = (suite: Buffer) => ({
  extract: (salt: Buffer, label: string, ikm: Buffer): Buffer =>
    Buffer.from(extract(sha256, Buffer.concat([ascii('HPKE-v1'), suite, ascii(label), ikm]), salt)),
  expand: (prk: Buffer, label: string, info: Buffer, length: number): Buffer =>
    Buffer.from(expand(sha256, prk, Buffer.concat([u16(length), ascii('HPKE-v1'), suite, ascii(label), info]), length)),
});

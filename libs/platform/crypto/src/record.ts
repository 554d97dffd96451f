import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto';
import { keyIdText } from './key-id.js';
import type { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

/** "SR", format version 1, suite 1: HKDF-SHA-512, AES-256-GCM, 128-bit tag, 256-bit commitment. */
const HEADER = Buffer.from([0x53, 0x52, 0x01, 0x01]);
const KEY_ID = 4;
const NONCE = 20;
const COMMITMENT = 32;
const CIPHERTEXT = 64;
const TAG_BYTES = 16;

const SUITE = 'aes-256-gcm';
// Always given: without it Node takes tags of 4 bytes, which somebody who can write to the database is able to guess.
const GCM = { authTagLength: TAG_BYTES } as const;

/** Encrypts and binds to `aad`. Two seals of the same value differ. */
export function seal(key: SealingKey, plaintext: Buffer, aad: Buffer): Buffer {
  return sealWithNonce(key, plaintext, aad, randomBytes(COMMITMENT - NONCE));
}

/** For test vectors only: a nonce used twice under one key gives both plaintexts away. */
export function sealWithNonce(key: SealingKey, plaintext: Buffer, aad: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv(SUITE, key.recordKey, nonce, GCM).setAAD(aad);
  const ciphertext = [cipher.update(plaintext), cipher.final()];
  key.usage?.sealed(key.id, aad);
  return Buffer.concat([HEADER, key.idBytes, nonce, key.commitment, ...ciphertext, cipher.getAuthTag()]);
}

/** @throws UnreadableRecord for anything but a record of this key bound to this very `aad`. */
export function open(key: SealingKey, record: Buffer, aad: Buffer): Buffer {
  if (!record.subarray(KEY_ID, NONCE).equals(key.idBytes) || !isRecord(record)) throw refused(key);
  // GCM alone lets one record open under two keys, to two different values; this does not.
  if (!timingSafeEqual(record.subarray(COMMITMENT, CIPHERTEXT), key.commitment)) throw refused(key);
  const decipher = createDecipheriv(SUITE, key.recordKey, record.subarray(NONCE, COMMITMENT), GCM);
  decipher.setAAD(aad).setAuthTag(record.subarray(record.length - TAG_BYTES));
  const plaintext = decipher.update(record.subarray(CIPHERTEXT, record.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw refused(key);
  }
  key.usage?.opened(aad);
  return plaintext;
}

function refused(key: SealingKey): UnreadableRecord {
  key.usage?.failed('unreadable');
  return new UnreadableRecord();
}

/** The id of the key that is needed to open the record. */
export function recordKeyId(record: Buffer): string {
  if (!isRecord(record)) throw new UnreadableRecord();
  return keyIdText(record.subarray(KEY_ID, NONCE));
}

const isRecord = (bytes: Buffer): boolean =>
  bytes.length >= CIPHERTEXT + TAG_BYTES && bytes.subarray(0, KEY_ID).equals(HEADER);

import { hkdfSync, type KeyObject } from 'node:crypto';

/** HKDF-SHA-512 (RFC 5869) without salt: our inputs are uniformly random keys already. */
export const hkdf = (key: Buffer | KeyObject, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha512', key, Buffer.alloc(0), info, length));

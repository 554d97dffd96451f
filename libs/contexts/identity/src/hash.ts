import { createHash, timingSafeEqual } from 'node:crypto';

/** Tokens, cookies and client secrets are stored and compared as SHA-256: all of them are random, none is a password. */
export const sha256 = (value: string): Buffer => createHash('sha256').update(value, 'utf8').digest();

/** Both sides hashed, so that neither length nor bytes can be timed. */
export const sameSecret = (hash: Buffer, presented: string): boolean => timingSafeEqual(hash, sha256(presented));

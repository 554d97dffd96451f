import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 256 random bits, 43 characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** A prefix and 131 random bits. */
export const newId = (prefix: string): string =>
  prefix + Array.from({ length: 22 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** How a secret is kept. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret, 'utf8').digest();

/** 43 characters that only the holder of `secret` can make. */
export const derive = (secret: string, purpose: string): string =>
  createHmac('sha256', secret).update(purpose).digest('base64url');

/** PKCE, RFC 7636 §4.2. */
export const challengeOf = (verifier: string): string => hashOf(verifier).toString('base64url');

export const isSame = (given: string, expected: string): boolean => timingSafeEqual(hashOf(given), hashOf(expected));

/** Whether `given` is the secret behind `hash`; a hash that is not there matches nothing. */
export const matches = (given: string | undefined, hash: Buffer | null): boolean =>
  given !== undefined && hash !== null && timingSafeEqual(hashOf(given), hash);

import { createHash, randomBytes } from 'node:crypto';

/** A name that nothing else in the installation has: tests share one. */
export const unique = (what: string): string => `${what}-${randomBytes(6).toString('hex')}`;

export const newVerifier = (): string => randomBytes(32).toString('base64url');

export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

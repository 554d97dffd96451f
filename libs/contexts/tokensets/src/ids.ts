import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Prefix and 22 letters or digits: 130 bits. */
export function mint(prefix: 'ts' | 'cac'): string {
  let id = '';
  while (id.length < 22)
    for (const byte of randomBytes(32)) if (byte < 248 && id.length < 22) id += ALPHABET[byte % 62];
  return `${prefix}_${id}`;
}

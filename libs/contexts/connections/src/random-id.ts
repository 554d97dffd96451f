import { randomInt } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 22 letters and digits: over 128 bits, unguessable. */
export const connectionId = (): string =>
  `con_${Array.from({ length: 22 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;

import { readFileSync } from 'node:fs';

/** Others' test vectors: where each file is from, under which licence, and what of it was taken stands in it. */

export interface AeadTest {
  tcId: number;
  comment: string;
  key: string;
  iv: string;
  aad: string;
  msg: string;
  ct: string;
  tag: string;
  result: 'valid' | 'invalid';
}

export interface HkdfTest {
  tcId: number;
  comment: string;
  ikm: string;
  salt: string;
  info: string;
  size: number;
  okm: string;
  result: 'valid' | 'invalid';
}

export interface HpkeSuiteTest {
  aead_id: 1 | 2;
  info: string;
  skRm: string;
  skEm: string;
  pkRm: string;
  pkEm: string;
  enc: string;
  encryptions: { sequence: number; aad: string; ct: string; nonce: string; pt: string }[];
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

export const wycheproof = read('wycheproof.json') as {
  aes256gcm: AeadTest[];
  hkdf: { sha256: HkdfTest[]; sha512: HkdfTest[] };
};
export const rfc9180 = (read('rfc9180.json') as { suites: HpkeSuiteTest[] }).suites;

import { readFileSync } from 'node:fs';

export interface Vectors {
  installationId: string;
  personId: string;
  keyId: string;
  records: {
    name: string;
    keyId: string;
    key: string;
    nonce: string;
    parts: string[];
    aad: string;
    plaintext: string;
    record: string;
  }[];
  masterKey: { id: string; key: string; context: string; version: number; installationKey: string; wrapped: string };
  intake: {
    privateKey: string;
    publicKey: string;
    boxes: {
      purpose: 'connection-credential' | 'provider-code' | 'pkce-verifier';
      connectionId: string;
      ownerId: string;
      field: string;
      plaintext: string;
      box: string;
    }[];
  };
}

/** Written by `make-vectors.ts`; `vectors.spec.ts` keeps the two equal. */
export const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vectors;

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

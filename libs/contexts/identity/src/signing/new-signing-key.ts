import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { signingCertificate } from './signing-certificate.js';
import type { SigningKeyEntity, TokenAlg } from './signing-key.entity.js';

/** A key before it is stored. */
export interface NewKey {
  kid: string;
  purpose: SigningKeyEntity['purpose'];
  alg: SigningKeyEntity['alg'];
  bytes: Buffer;
  publicJwk: JWK | null;
  certificate: string | null;
}

/** `host` is what its certificate names. */
export async function newTokenKey(alg: TokenAlg, host: string): Promise<NewKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  return {
    kid,
    purpose: 'tokens',
    alg,
    bytes: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicJwk: { ...jwk, kid, alg, use: 'sig' },
    certificate: await signingCertificate(privateKey, publicKey, host),
  };
}

export const newCookieKey = (): Promise<NewKey> =>
  Promise.resolve({
    kid: randomBytes(16).toString('base64url'),
    purpose: 'cookies',
    alg: 'HS256',
    bytes: randomBytes(32),
    publicJwk: null,
    certificate: null,
  });

/** For a key from before keys had one. */
export function certificateOf(pkcs8: Buffer, host: string): Promise<string> {
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return signingCertificate(privateKey, createPublicKey(privateKey), host);
}

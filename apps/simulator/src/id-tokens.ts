import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { ProviderSettings } from './settings.js';

const KID = 'simulator-1';
const LIFE_SECONDS = 3600;

/** What is signed; `nonce` null: there is none. */
export interface IdToken {
  issuer: string;
  audience: string;
  nonce: string | null;
  claims: Record<string, unknown>;
  now: number;
  fault?: ProviderSettings['idToken'];
}

/** The signing key of all simulated providers; made when first needed. */
export class IdTokens {
  private keys: Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> | undefined;

  private pair() {
    return (this.keys ??= generateKeyPair('RS256'));
  }

  async jwks(): Promise<{ keys: JWK[] }> {
    const { publicKey } = await this.pair();
    return { keys: [{ ...(await exportJWK(publicKey)), kid: KID, alg: 'RS256', use: 'sig' }] };
  }

  async sign({ issuer, audience, nonce, claims, now, fault = 'right' }: IdToken): Promise<string> {
    const { privateKey } = await this.pair();
    const issuedAt = Math.floor(now / 1000) - (fault === 'expired' ? 2 * LIFE_SECONDS : 0);
    const said = nonce === null ? {} : { nonce: fault === 'wrongNonce' ? `${nonce}-other` : nonce };
    return new SignJWT({ ...claims, ...said })
      .setProtectedHeader({ alg: 'RS256', kid: fault === 'unknownKid' ? 'nobody' : KID, typ: 'JWT' })
      .setIssuer(fault === 'wrongIss' ? `${issuer}/other` : issuer)
      .setAudience(fault === 'wrongAud' ? `${audience}-other` : audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFE_SECONDS)
      .sign(privateKey);
  }
}

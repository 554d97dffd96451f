import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

const KID = 'simulator-1';

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

  async sign(token: {
    issuer: string;
    audience: string;
    claims: Record<string, unknown>;
    now: number;
  }): Promise<string> {
    const { privateKey } = await this.pair();
    const seconds = Math.floor(token.now / 1000);
    return new SignJWT(token.claims)
      .setProtectedHeader({ alg: 'RS256', kid: KID, typ: 'JWT' })
      .setIssuer(token.issuer)
      .setAudience(token.audience)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 3600)
      .sign(privateKey);
  }
}

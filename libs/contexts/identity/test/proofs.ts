import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface ProofFor {
  method?: string;
  url: string;
  accessToken?: string;
  /** Instead of what belongs there; undefined: left out. */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

/** A client's key, and the proofs that it makes. */
export class ProofKey {
  private constructor(
    readonly alg: string,
    readonly publicJwk: JWK,
    readonly privateJwk: JWK,
    readonly jkt: string,
    private readonly key: Parameters<SignJWT['sign']>[0],
  ) {}

  static async create(alg = 'ES256'): Promise<ProofKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(publicKey);
    return new ProofKey(alg, jwk, await exportJWK(privateKey), await calculateJwkThumbprint(jwk), privateKey);
  }

  proof({ method = 'POST', url, accessToken, claims = {}, header = {} }: ProofFor): Promise<string> {
    const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
    const said = { jti: randomUUID(), htm: method, htu: url, iat: now(), ...(ath ? { ath } : {}), ...claims };
    return new SignJWT(said)
      .setProtectedHeader({ alg: this.alg, typ: 'dpop+jwt', jwk: this.publicJwk, ...header })
      .sign(this.key, { crit: { unknown: true } });
  }
}

export const now = (): number => Math.floor(Date.now() / 1000);

import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';
import { InvalidDpopProofError } from './dpop.errors.js';

export const DPOP_ALGORITHMS: ('ES256' | 'PS256' | 'RS256' | 'EdDSA')[] = ['ES256', 'PS256', 'RS256', 'EdDSA'];

/** What a proof says, once its own key was found to have signed it. */
export interface ReadProof {
  /** Thumbprint of the key (RFC 7638). */
  jkt: string;
  jti: string;
  /** Seconds since 1970. */
  issuedAt: number;
  method: unknown;
  url: string | null;
  tokenHash: unknown;
  nonce: string | null;
}

/** @throws InvalidDpopProofError */
export async function readProof(proof: string): Promise<ReadProof> {
  const { payload, jkt } = await signedByItself(proof);
  const { jti, iat, htm, htu, ath, nonce } = payload as Record<string, unknown>;
  if (typeof jti !== 'string' || !jti) throw new InvalidDpopProofError('has no jti');
  if (typeof iat !== 'number') throw new InvalidDpopProofError('has no iat');
  if (nonce !== undefined && (typeof nonce !== 'string' || !nonce))
    throw new InvalidDpopProofError('has a nonce that is no text');
  return { jkt, jti, issuedAt: iat, method: htm, url: comparable(htu), tokenHash: ath, nonce: nonce ?? null };
}

/** `htu` without query and fragment, in one spelling; null: no address at all. */
export function comparable(url: unknown): string | null {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (!parsed) return null;
  parsed.search = '';
  parsed.hash = '';
  return parsed.href;
}

async function signedByItself(proof: string): Promise<{ payload: JWTPayload; jkt: string }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: DPOP_ALGORITHMS,
      typ: 'dpop+jwt',
    });
    return { payload, jkt: await calculateJwkThumbprint(protectedHeader.jwk!) };
  } catch {
    throw new InvalidDpopProofError('is no dpop+jwt that was signed by the key in its header');
  }
}

import type { Egress } from '@strongroom/egress';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { isIssuer } from './issuer.js';
import { providerKeys } from './provider-keys.js';
import { ConnectionMisconfiguredError, type IdTokenFault, IdTokenRefusedError } from './providers.errors.js';
import type { ResolvedProvider } from './resolved-provider.js';

export type IdTokenClaims = JWTPayload & { sub: string };

const MAX_ID_TOKEN = 64 * 1024;

/**
 * OpenID Connect Core §3.1.3.7. `nonce` null: not compared, for ID tokens of a refresh, which must have the subject of
 * the first (the caller compares).
 *
 * @throws IdTokenRefusedError
 * @throws ProviderUnavailableError or an error of egress if the keys cannot be had now
 */
export async function verifyIdToken(
  resolved: ResolvedProvider,
  egress: Pick<Egress, 'request'>,
  idToken: string,
  { nonce, now }: { nonce: string | null; now: Date },
): Promise<IdTokenClaims> {
  const { issuer, jwks } = resolved.endpoints;
  if (!issuer || !jwks) throw new ConnectionMisconfiguredError('it has no issuer or no keys to check ID tokens with');
  if (idToken.length > MAX_ID_TOKEN) throw new IdTokenRefusedError('form');
  const { algs, clockSkewSeconds } = resolved.entry.idToken;
  const { payload } = await jwtVerify(idToken, providerKeys(egress, jwks, now), {
    algorithms: algs.filter((alg) => alg !== 'none' && !alg.startsWith('HS')),
    audience: resolved.clientId,
    clockTolerance: clockSkewSeconds,
    currentDate: now,
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
  }).catch((cause: unknown) => {
    throw cause instanceof errors.JOSEError ? new IdTokenRefusedError(faultOf(cause), cause) : cause;
  });
  if (!isIssuer(resolved, issuer, payload.iss ?? '', payload)) throw new IdTokenRefusedError('issuer');
  const fault = furtherFault(payload, resolved.clientId, nonce, now.getTime() / 1000 + clockSkewSeconds);
  if (fault) throw new IdTokenRefusedError(fault);
  return payload as IdTokenClaims;
}

function furtherFault(
  { aud, azp, iat, sub, nonce: sent }: JWTPayload,
  clientId: string,
  nonce: string | null,
  latest: number,
): IdTokenFault | undefined {
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) return 'subject';
  if (Array.isArray(aud) && aud.length > 1 && azp !== clientId) return 'audience';
  if (azp !== undefined && azp !== clientId) return 'audience';
  if (typeof iat !== 'number' || iat > latest) return 'time';
  return nonce !== null && sent !== nonce ? 'nonce' : undefined;
}

function faultOf(error: errors.JOSEError): IdTokenFault {
  if (error instanceof errors.JWTExpired) return 'time';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWTClaimValidationFailed)
    return ({ iss: 'issuer', aud: 'audience', sub: 'subject' } as Record<string, IdTokenFault>)[error.claim] ?? 'time';
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return 'signature';
  return 'form';
}

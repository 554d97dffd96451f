import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { type Egress, EgressFailedError, EgressRefusedError } from '@strongroom/egress';
import type { ResolvedProvider } from '@strongroom/providers';
import { bad, type Check, good, shown } from './check.js';

const KINDS: Record<string, RegExp> = { RSA: /^(RS|PS)/, EC: /^ES/, OKP: /^EdDSA$/ };

/** Can ID tokens of this provider be checked? */
export async function checkKeys(egress: Pick<Egress, 'request'>, provider: ResolvedProvider): Promise<Check[]> {
  const { jwks } = provider.endpoints;
  if (!provider.isOidc) return [];
  if (jwks === undefined)
    return [bad('keys', 'nothing says where the keys of ID tokens are', 'Set options.issuer, or options.jwks_uri.')];
  const at = shown(jwks);
  try {
    const answer = await egress.request({ method: 'GET', url: jwks, headers: { Accept: 'application/json' } });
    const keys = answer.status === 200 ? keysIn(answer.body) : undefined;
    if (!keys)
      return [
        bad(
          'keys',
          `${at} answers with status ${answer.status} and no key set`,
          "Correct options.jwks_uri, or have the provider's metadata name the right address.",
        ),
      ];
    const usable = keys.filter((key) => isUsable(key, provider.entry.idToken.algs)).length;
    if (usable > 0) return [good('keys', `${at} has ${usable} keys that ID tokens can be checked with`)];
    return [
      bad(
        'keys',
        `${at} has ${keys.length} keys, and none that ID tokens can be checked with`,
        `Have the provider sign ID tokens with one of ${provider.entry.idToken.algs.join(', ')}, and publish that key.`,
      ),
    ];
  } catch (error) {
    if (!(error instanceof EgressFailedError) && !(error instanceof EgressRefusedError)) throw error;
    return [bad('keys', `${at} does not answer`, 'Check the address, and whether the server runs.')];
  }
}

function keysIn(body: Buffer): unknown[] | undefined {
  try {
    const { keys } = JSON.parse(body.toString('utf8')) as { keys?: unknown };
    return Array.isArray(keys) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function isUsable(key: unknown, algs: readonly string[]): boolean {
  const { kty, use, alg } = (key ?? {}) as JsonWebKey & { kty?: string; use?: string; alg?: string };
  if (use !== undefined && use !== 'sig') return false;
  if (alg !== undefined ? !algs.includes(alg) : !algs.some((one) => KINDS[kty ?? '']?.test(one))) return false;
  try {
    createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

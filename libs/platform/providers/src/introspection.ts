import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { type ProviderError, refusalOf } from './classify.js';
import { clientAuthentication } from './client-authentication.js';
import { headersOf } from './headers.js';
import { fillHeaders, withSecret } from './placeholders.js';
import { readBody } from './read-body.js';
import { bodyOf } from './request-body.js';
import type { ResolvedProvider } from './resolved-provider.js';

/** Asks for the end of a token that came without one (RFC 7662); null where that is not how this provider tells. */
export function introspectionRequest(
  resolved: ResolvedProvider,
  accessToken: string,
  clientSecret: string | null,
): EgressRequest | null {
  const url = resolved.endpoints.introspection;
  if (resolved.entry.tokenResponse.noExpiry !== 'introspect' || url === undefined) return null;
  const client = clientAuthentication(resolved, 'exchange', { clientSecret });
  const { headers, body } = bodyOf('form', [
    ['token', accessToken],
    ['token_type_hint', 'access_token'],
    ...client.members,
  ]);
  return {
    method: 'POST',
    url,
    headers: headersOf(
      fillHeaders(resolved.entry.tokenRequest.headers, withSecret(resolved.values, clientSecret)),
      client.headers,
      headers,
    ),
    body,
  };
}

export interface Introspected {
  outcome: 'introspected';
  /** Null: not even the entry says when. */
  expiresAt: Date | null;
}

/**
 * RFC 7662 §2.2. An `exp` that is over, or of a token that is not active, counts for nothing: the entry's own lifetime is
 * taken instead. Never further away than a year.
 */
export function readIntrospection(
  resolved: ResolvedProvider,
  answer: EgressAnswer,
  now: Date,
): Introspected | ProviderError {
  const body = readBody(answer, ['json']) as { active?: unknown; exp?: unknown } | undefined;
  if (answer.status < 200 || answer.status > 299 || typeof body?.active !== 'boolean')
    return refusalOf(resolved, 'exchange', answer, body, now);
  const exp = Number(body.exp);
  if (body.active && Number.isFinite(exp) && exp * 1000 > now.getTime())
    return { outcome: 'introspected', expiresAt: new Date(Math.min(exp * 1000, now.getTime() + YEAR_MS)) };
  const seconds = resolved.entry.tokenResponse.defaultTtlSeconds;
  return { outcome: 'introspected', expiresAt: seconds ? new Date(now.getTime() + seconds * 1000) : null };
}

const YEAR_MS = 365 * 24 * 3600 * 1000;

import { isDeepStrictEqual } from 'node:util';
import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { type ProviderError, refusalOf } from './classify.js';
import {
  basic,
  bearer,
  clientAuthentication,
  type ClientAuthentication,
  type Members,
} from './client-authentication.js';
import { withQuery } from './encoding.js';
import { headersOf } from './headers.js';
import { fillAll, fillHeaders, fillUrl, type Values } from './placeholders.js';
import { at } from './pointer.js';
import type { Revocation } from './provider-entry.js';
import { readBody } from './read-body.js';
import { bodyOf } from './request-body.js';
import type { ResolvedProvider } from './resolved-provider.js';

export interface TokensToRevoke {
  accessToken: string | null;
  refreshToken: string | null;
}

/** Which of the tokens that there are the entry wants presented; null: it is not supported, and none is needed. */
export function revocableTokens(
  resolved: ResolvedProvider,
  has: Record<keyof TokensToRevoke, boolean>,
): Record<keyof TokensToRevoke, boolean> | null {
  const how = standardOrCustom(resolved.entry.revocation);
  if (how.support === 'none' || (how.url ?? resolved.endpoints.revocation) === undefined) return null;
  const named = presented(how.token, {
    accessToken: has.accessToken ? '' : null,
    refreshToken: has.refreshToken ? '' : null,
  }).map(({ hint }) => hint);
  if (named.length === 0) return null;
  return { accessToken: named.includes('access_token'), refreshToken: named.includes('refresh_token') };
}

/** What is sent to end tokens at their provider (`spec/providers.md` §7). Empty: it is not supported. */
export function revocationRequest(
  resolved: ResolvedProvider,
  tokens: TokensToRevoke,
  clientSecret: string | null,
): EgressRequest[] {
  const how = standardOrCustom(resolved.entry.revocation);
  const template = how.url ?? resolved.endpoints.revocation;
  if (how.support === 'none' || template === undefined) return [];
  return presented(how.token, tokens).map(({ token, hint }) => {
    const values = {
      ...resolved.values,
      ...withoutNull({ client_secret: clientSecret, ...tokens }),
      token,
      hint,
    };
    return requestOf(resolved, how, { values, url: fillUrl(template, values), token, clientSecret });
  });
}

/** RFC 7009 leaves an entry no choice of how to ask. */
const standardOrCustom = (how: Revocation): Revocation =>
  how.support === 'rfc7009' ? { ...how, method: 'POST', auth: 'client', in: 'form' } : how;

function presented(which: Revocation['token'], tokens: TokensToRevoke): { token: string; hint: string }[] {
  const refresh = tokens.refreshToken === null ? [] : [{ token: tokens.refreshToken, hint: 'refresh_token' }];
  const access = tokens.accessToken === null ? [] : [{ token: tokens.accessToken, hint: 'access_token' }];
  if (which === 'refresh') return refresh;
  if (which === 'access') return access;
  return which === 'both' ? [...refresh, ...access] : [...refresh, ...access].slice(0, 1);
}

function requestOf(
  resolved: ResolvedProvider,
  how: Revocation,
  { values, url, token, clientSecret }: { values: Values; url: string; token: string; clientSecret: string | null },
): EgressRequest {
  const client = authentication(resolved, how, token, clientSecret);
  const isSent = how.in !== 'path' && how.in !== 'none';
  const members: Members = [...(isSent ? fillAll(how.params ?? { token: '{token}' }, values) : []), ...client.members];
  const inBody = how.in !== 'query' && members.length > 0;
  const { headers, body } = bodyOf(how.in === 'json' ? 'json' : 'form', members);
  return {
    method: how.method,
    url: how.in === 'query' ? withQuery(url, members) : url,
    headers: headersOf(fillHeaders(resolved.entry.tokenRequest.headers, values), client.headers, inBody ? headers : {}),
    ...(inBody ? { body } : {}),
  };
}

function authentication(
  resolved: ResolvedProvider,
  { auth }: Revocation,
  token: string,
  clientSecret: string | null,
): ClientAuthentication {
  if (auth === 'client') return clientAuthentication(resolved, 'exchange', { clientSecret });
  const headers =
    auth === 'bearer'
      ? bearer(token)
      : auth === 'secret_as_bearer'
        ? bearer(clientSecret ?? '')
        : auth === 'basic-client'
          ? basic(resolved.entry, resolved.clientId, clientSecret ?? '')
          : {};
  return { headers, members: [] };
}

export interface RevocationOutcome {
  outcome: 'revoked' | 'already_gone' | 'failed';
  /** What ends with it, as the entry says. */
  effect: Revocation['effect'];
  class: ProviderError['class'] | null;
  code: string | null;
  /** Seconds, as the provider said. */
  retryAfter: number | null;
  /** Worth another try. */
  again: boolean;
}

const PASSING = ['client_config', 'retry', 'rate_limited'];

/** RFC 7009 §2.2, and what the entry says of providers that answer otherwise. A token nobody knows counts as gone. */
export function readRevocation(resolved: ResolvedProvider, answer: EgressAnswer, now: Date): RevocationOutcome {
  const { okStatuses, goneStatuses, success, effect } = resolved.entry.revocation;
  const body = readBody(answer, resolved.entry.tokenResponse.formats);
  const done = { effect, class: null, code: null, retryAfter: null, again: false };
  if (
    okStatuses.includes(answer.status) &&
    (success ?? []).every(({ path, equals }) => isDeepStrictEqual(at(body, path), equals))
  )
    return { ...done, outcome: 'revoked' };
  const refusal = refusalOf(resolved, 'revoke', answer, body, now);
  const { class: kind, code, retryAfter } = refusal;
  const again = PASSING.includes(kind);
  if (kind === 'reconnect' || (!again && goneStatuses.includes(answer.status)))
    return { ...done, outcome: 'already_gone' };
  return { outcome: 'failed', effect, class: kind, code, retryAfter, again };
}

const withoutNull = (values: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((one): one is [string, string] => one[1] !== null));

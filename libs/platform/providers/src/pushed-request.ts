import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { type ProviderError, refusalOf } from './classify.js';
import { clientAuthentication, type Members } from './client-authentication.js';
import { withQuery } from './encoding.js';
import { headersOf } from './headers.js';
import { fillHeaders, withSecret } from './placeholders.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import { readBody } from './read-body.js';
import { bodyOf } from './request-body.js';
import type { ResolvedProvider } from './resolved-provider.js';

/** RFC 9126: the same members, sent by us. @throws ConnectionMisconfiguredError */
export function pushedAuthorizationRequest(
  resolved: ResolvedProvider,
  members: Members,
  clientSecret: string | null,
): EgressRequest {
  if (resolved.pushedEndpoint === undefined)
    throw new ConnectionMisconfiguredError('the provider demands pushed requests and names no address for them');
  const client = clientAuthentication(resolved, 'exchange', { clientSecret });
  const further = client.members.filter(([name]) => name !== 'client_id');
  const { headers, body } = bodyOf('form', [...members, ...further]);
  return {
    method: 'POST',
    url: resolved.pushedEndpoint,
    headers: headersOf(
      fillHeaders(resolved.entry.tokenRequest.headers, withSecret(resolved.values, clientSecret)),
      client.headers,
      headers,
    ),
    body,
  };
}

export interface PushedRequest {
  outcome: 'pushed';
  requestUri: string;
  /** Seconds. */
  expiresIn: number;
}

const PUSHED_SECONDS = 60;

/** RFC 9126 §2.2. `expiresIn` in seconds; a minute where the provider names none. */
export function readPushedAnswer(
  resolved: ResolvedProvider,
  answer: EgressAnswer,
  now: Date,
): PushedRequest | ProviderError {
  const body = readBody(answer, ['json']) as { request_uri?: unknown; expires_in?: unknown } | undefined;
  const requestUri = body?.request_uri;
  if (answer.status < 200 || answer.status > 299 || typeof requestUri !== 'string' || requestUri === '')
    return refusalOf(resolved, 'authorize', answer, body, now);
  const seconds = Number(body?.expires_in);
  return {
    outcome: 'pushed',
    requestUri,
    expiresIn: seconds > 0 && Number.isFinite(seconds) ? seconds : PUSHED_SECONDS,
  };
}

/** Where to send the browser after the request was pushed. */
export const pushedUrl = (resolved: ResolvedProvider, requestUri: string): string =>
  withQuery(resolved.endpoints.authorization, [
    ['client_id', resolved.clientId],
    ['request_uri', requestUri],
  ]);

import { isDeepStrictEqual } from 'node:util';
import { bearerOf } from '../call.js';
import type { Call } from '../dialect.js';
import { json, type Answer } from '../http.js';
import { parsed } from '../members.js';
import { claimsOf } from '../people.js';
import type { Provider } from '../provider.js';
import { filled } from './addresses.js';
import { isCustom } from './endpoints.js';
import type { EntryDialect } from './entry-dialect.js';
import { hasHeaders } from './request-checks.js';

/** Tells whose token this is, to whoever asks as the entry says one must. */
export function tellAccount(provider: Provider, dialect: EntryDialect, call: Call): Answer {
  provider.userinfoCalls++;
  const { request } = dialect.part.entry.identity;
  const token = call.params['accessToken'] ?? bearerOf(call);
  if (call.role === 'identity' && !hasHeaders(call, request?.headers ?? {}))
    return dialect.refusal('identity', 'bad_request');
  if (call.role === 'identity' && request?.body !== undefined && !isBody(call, request.body, token))
    return dialect.refusal('identity', 'bad_request');
  const grant = provider.grants.bearer(token);
  if (!grant) return dialect.refusal('identity', 'dead_token');
  const told = dialect.persona.about('request', grant.person, grant.consent.params);
  // Where the connection says how to read accounts, it may expect what is usual.
  return json(200, isCustom(dialect.part.entry) ? { ...claimsOf(grant.person), ...told } : told);
}

function isBody({ request, params }: Call, wanted: unknown, accessToken: string): boolean {
  if (typeof wanted === 'string') return request.body === filled(wanted, { ...params, accessToken });
  return isDeepStrictEqual(parsed(request.body), wanted);
}

/** An API of the provider: whose token it is, if it is alive. */
export function answerApi(provider: Provider, dialect: EntryDialect, call: Call): Answer {
  provider.apiCalls++;
  const grant = provider.grants.bearer(bearerOf(call));
  return grant ? json(200, { account: grant.person, scopes: grant.scopes }) : dialect.refusal('api', 'dead_token');
}

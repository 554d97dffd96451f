import { isDeepStrictEqual } from 'node:util';
import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { authorizationRequest } from '../src/authorization-request.js';
import { readCallback } from '../src/callback.js';
import type { Catalogue } from '../src/catalogue.js';
import type {
  Fixture,
  FixtureCase,
  FixtureCaseGiven,
  FixtureGiven,
  FixtureRequest,
} from '../src/catalogue/fixtures.js';
import { classifyTransport, refusalOf } from '../src/classify.js';
import { type IdentityDocuments, identityRequest, readIdentity, readIdentityAnswer } from '../src/identity.js';
import { introspectionRequest } from '../src/introspection.js';
import { ConnectionMisconfiguredError, IdTokenRefusedError } from '../src/providers.errors.js';
import { pushedAuthorizationRequest } from '../src/pushed-request.js';
import { readBody } from '../src/read-body.js';
import type { ResolvedProvider } from '../src/resolved-provider.js';
import { readRevocation, revocationRequest } from '../src/revocation.js';
import { missingScopes, scopesToAsk } from '../src/scopes.js';
import { readTokenAnswer } from '../src/token-answer.js';
import { tokenRequest } from '../src/token-request.js';

type Given = Omit<FixtureGiven & Fixture['given'] & FixtureCaseGiven, 'clientAuth'> & { clientAuth?: string | null };

/** One fixture, ready to be tried: the connection it describes, and one that came with a refresh token. */
interface Trial {
  fixture: Fixture;
  given: Given;
  own: FixtureCaseGiven;
  discovery: string | undefined;
  resolved: ResolvedProvider;
  refreshing: ResolvedProvider;
}

const MADE_UP_JWT = 'cnry_eyJhbGciOiJub25lIn0.e30.c2ln';

/** What a fixture says of a provider and the engine does otherwise, one line each; empty: nothing. */
export function failuresOf(catalogue: Catalogue, id: string, fixture: Fixture): string[] {
  const failures: string[] = [];
  const attempt = (name: string, run: () => string | undefined) => {
    try {
      const failure = run();
      if (failure !== undefined) failures.push(`${name}: ${failure}`);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  };
  let made: Trial | undefined;
  const whole = () => (made ??= trialOf(catalogue, id, fixture, {}));
  attempt('authorize', () => authorizeFailure(whole(), fixture.authorize));
  for (const name of ['exchange', 'refresh', 'identity', 'introspect', 'discovery', 'keys'] as const)
    if (fixture.requests[name])
      attempt(`request ${name}`, () => differenceOf(requestOf(whole(), name), fixture.requests[name]));
  for (const [name, one] of Object.entries(fixture.cases))
    attempt(name, () => caseFailure(one.given ? trialOf(catalogue, id, fixture, one.given) : whole(), one));
  return failures;
}

function trialOf(catalogue: Catalogue, id: string, fixture: Fixture, own: FixtureCaseGiven): Trial {
  const given = { ...fixture.given, ...own } as Given;
  const provider = catalogue.providers.get(id);
  if (!provider) throw new Error(`there is no provider ${id}`);
  const { params, endpoints, authorization } = provider.entry;
  const values = Object.entries(given.params ?? {});
  const isAdmins = (name: string) => params[name] !== undefined && (params[name].source ?? 'admin') === 'admin';
  const connection = {
    connectionId: 'con_1',
    name: id,
    strategy: id,
    options: {
      ...Object.fromEntries(
        values.filter(([name]) => isAdmins(name)).map(([name, value]) => [catalogue.optionOf(id, name), value]),
      ),
      client_id: given.clientId,
      scope: given.scopes,
      ...(typeof given.clientAuth !== 'string' ? {} : { token_endpoint_auth_method: given.clientAuth }),
      // A connection that describes its provider itself joins by commas unless told otherwise; an entry says it.
      ...(endpoints.authorization === undefined && authorization.scopeDelimiter === ' '
        ? { useOauthSpecScope: true }
        : {}),
    },
    metadata: given.metadata ?? null,
  };
  const ofFlow = {
    ...toldBefore(fixture),
    ...Object.fromEntries(values.filter(([name]) => !isAdmins(name))),
  };
  return {
    fixture,
    given,
    own,
    discovery: catalogue.discoveryOf(connection)?.url,
    resolved: catalogue.resolve(connection, ofFlow),
    refreshing: catalogue.resolve(connection, ofFlow, { hasRefreshToken: true }),
  };
}

/** What earlier steps of the flow have told: values of the callback, extras of the token answer. */
function toldBefore({ cases }: Fixture): Record<string, string> {
  const told = Object.values(cases).map(({ expect }) => ({
    ...(expect['captured'] as object | undefined),
    ...(expect['extras'] as object | undefined),
  }));
  const texts = Object.entries(Object.assign({}, ...told.toReversed()) as object);
  return Object.fromEntries(texts.filter(([, value]) => value !== null).map(([name, value]) => [name, String(value)]));
}

function authorizeFailure(
  { given, own, resolved }: Trial,
  expected: FixtureRequest | null | undefined,
): string | undefined {
  if (expected === undefined) return undefined;
  try {
    const { url, members } = authorizationRequest(resolved, {
      redirectUri: given.redirectUri,
      state: given.state,
      codeChallenge: given.codeChallenge,
      nonce: given.nonce,
      scopes: null,
      params: given.callerParams ?? {},
      offline: given.offline ?? true,
      ...(own.granted ? { grantedBefore: own.granted } : {}),
      forceConsent: given.reconnect === true,
    });
    if (expected?.method === 'POST')
      return differenceOf(pushedAuthorizationRequest(resolved, members, given.clientSecret), expected);
    return url === expected?.url ? undefined : `sent ${url} instead of ${expected?.url ?? 'nothing'}`;
  } catch (error) {
    if (expected === null && error instanceof ConnectionMisconfiguredError) return undefined;
    throw error;
  }
}

function requestOf(
  { given, own, resolved, refreshing, discovery }: Trial,
  name: 'exchange' | 'refresh' | 'identity' | 'introspect' | 'discovery' | 'keys',
): EgressRequest | null {
  const get = (url: string | undefined): EgressRequest | null =>
    url === undefined ? null : { method: 'GET', url, headers: { Accept: 'application/json' } };
  if (name === 'discovery') return get(discovery);
  if (name === 'keys') return get(resolved.endpoints.jwks);
  if (name === 'identity') return identityRequest(resolved, given.accessToken, {});
  if (name === 'introspect') return introspectionRequest(resolved, given.accessToken, given.clientSecret);
  const scopes = own.narrowTo ?? (refreshing.entry.tokenRequest.refreshScope === 'always' ? given.granted : undefined);
  return tokenRequest(name === 'refresh' ? refreshing : resolved, name, {
    clientSecret: given.clientSecret,
    ...(given.clientAuth === 'private_key_jwt' ? { clientAssertion: MADE_UP_JWT } : {}),
    code: given.code,
    codeVerifier: given.codeVerifier,
    redirectUri: given.redirectUri,
    refreshToken: given.refreshToken,
    ...(name === 'refresh' && scopes ? { scopes } : {}),
  });
}

/** Order counts in forms and not in JSON; an assertion is whatever was signed. */
function differenceOf(request: EgressRequest | null, expected: FixtureRequest | null | undefined): string | undefined {
  if (!expected || !request)
    return Boolean(request) === Boolean(expected) ? undefined : `sent ${text(request)} instead of ${text(expected)}`;
  const isJson = /json/.test(expected.headers?.['Content-Type'] ?? '');
  const body = (value: unknown) => (isJson && typeof value === 'string' ? (JSON.parse(value) as unknown) : value);
  const wanted = {
    ...expected,
    headers: lowered(expected.headers),
    body: body(expected.body?.replaceAll('{{client_assertion}}', MADE_UP_JWT)),
  };
  const sent = { ...request, headers: lowered(request.headers), body: body(request.body) };
  return isDeepStrictEqual(wanted, { ...wanted, ...sent }) && Object.keys(sent).every((name) => name in wanted)
    ? undefined
    : `sent ${text(sent)} instead of ${text(wanted)}`;
}

const lowered = (headers: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function caseFailure(trial: Trial, one: FixtureCase): string | undefined {
  const failure = authorizeFailure(trial, one.authorize);
  if (failure !== undefined) return failure;
  if (one.request !== undefined && (one.phase === 'exchange' || one.phase === 'refresh')) {
    const difference = differenceOf(requestOf(trial, one.phase), one.request);
    if (difference !== undefined) return difference;
  }
  const got = outcomeOf(trial, one);
  if (typeof got === 'string') return got;
  const wrong = Object.entries(one.expect).filter(([name, value]) => !isDeepStrictEqual(got[name], value));
  return wrong.length === 0
    ? undefined
    : wrong.map(([name, value]) => `${name} is ${text(got[name])} instead of ${text(value)}`).join(', ');
}

/** What the engine makes of a case; a text: it has failed already. */
function outcomeOf(trial: Trial, one: FixtureCase): Record<string, unknown> | string {
  if (one.callback !== undefined) return callbackOf(trial, one.callback);
  if (one.documents) return identityOf(trial, one.documents);
  if (one.phase === 'revoke') return revocationOf(trial, one);
  if (!one.response) return {};
  if (one.phase === 'exchange' || one.phase === 'refresh') return tokensOf(trial, one.phase, one);
  const { resolved, given } = trial;
  if (one.response.status === null) return { ...classifyTransport({ sent: 'maybe' }, { resolved, phase: one.phase }) };
  const answer = answerOf(one);
  if (one.phase === 'identity') {
    const read = readIdentityAnswer(resolved, answer, new Date(given.now * 1000));
    return read.outcome === 'error' ? { ...read } : { class: 'ok', ...identityOf(trial, { request: read.document }) };
  }
  const body = readBody(answer, resolved.entry.tokenResponse.formats);
  return { ...refusalOf(resolved, one.phase, answer, body, new Date(given.now * 1000)) };
}

function callbackOf({ given, resolved }: Trial, callback: string): Record<string, unknown> {
  const { searchParams } = new URL(callback);
  const query = Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }),
  );
  const isOurs = Array.isArray(query['state']) || query['state'] === given.state;
  return isOurs ? { ...readCallback(resolved, query) } : { outcome: 'refused', reason: 'state_mismatch' };
}

function identityOf({ resolved }: Trial, documents: IdentityDocuments): Record<string, unknown> {
  try {
    return { ...readIdentity(resolved, documents) };
  } catch (error) {
    if (error instanceof IdTokenRefusedError) return { outcome: 'refused', reason: error.fault };
    throw error;
  }
}

function tokensOf(trial: Trial, phase: 'exchange' | 'refresh', one: FixtureCase): Record<string, unknown> {
  const { given } = trial;
  const resolved = phase === 'refresh' ? trial.refreshing : trial.resolved;
  if (one.response!.status === null) return { ...classifyTransport({ sent: 'maybe' }, { resolved, phase }) };
  const asked = phase === 'refresh' ? (given.granted ?? []) : scopesToAsk(resolved, { ...given, offline: true });
  const read = readTokenAnswer(
    resolved,
    phase,
    { scopes: asked, ...(given.granted ? { grantedBefore: given.granted } : {}) },
    answerOf(one),
    new Date(given.now * 1000),
  );
  if (read.outcome === 'error') return { ...read };
  const seconds = (date: Date | null) => date && date.getTime() / 1000;
  return {
    class: 'ok',
    accessToken: read.accessToken,
    refreshToken: read.refreshToken ?? (phase === 'refresh' ? given.refreshToken : null),
    expiresAt: seconds(read.expiresAt),
    refreshExpiresAt: seconds(read.refreshExpiresAt),
    tokenType: 'Bearer',
    scopes: read.scopes,
    extras: read.extras,
    missingScopes: missingScopes(resolved, given.scopes, read.scopes),
  };
}

function revocationOf({ fixture, given, resolved }: Trial, one: FixtureCase): Record<string, unknown> | string {
  const tokens = one.tokens ?? {
    accessToken: given.accessToken,
    refreshToken: resolved.entry.refresh.mode === 'none' ? null : given.refreshToken,
  };
  const sent = revocationRequest(resolved, tokens, given.clientSecret);
  const expected = one.request === undefined ? fixture.requests.revoke : one.request;
  const difference = differenceOf(sent[0] ?? null, expected);
  if (difference !== undefined) return difference;
  if (sent.length === 0) return { outcome: 'unsupported', manageUrl: resolved.manageUrl };
  if (!one.response) return {};
  if (one.response.status === null)
    return { ...classifyTransport({ sent: 'maybe' }, { resolved, phase: 'revoke' }), outcome: 'failed' };
  return { ...readRevocation(resolved, answerOf(one), new Date(given.now * 1000)) };
}

const answerOf = ({ response }: FixtureCase): EgressAnswer => ({
  status: response!.status!,
  headers: lowered(response!.headers),
  body: Buffer.from((response!.body ?? '').replaceAll('{{id_token}}', MADE_UP_JWT)),
});

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

import { isDeepStrictEqual } from 'node:util';
import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { authorizationRequest } from '../src/authorization-request.js';
import { readCallback } from '../src/callback.js';
import type { Catalogue } from '../src/catalogue.js';
import type { Fixture, FixtureCase, FixtureGiven, FixtureRequest } from '../src/catalogue/fixtures.js';
import { classifyTransport, refusalOf } from '../src/classify.js';
import { type IdentityDocuments, identityRequest, readIdentity } from '../src/identity.js';
import { introspectionRequest } from '../src/introspection.js';
import { IdTokenRefusedError } from '../src/providers.errors.js';
import { readBody } from '../src/read-body.js';
import type { ResolvedProvider } from '../src/resolve.js';
import { readRevocation, revocationRequest } from '../src/revocation.js';
import { missingScopes, scopesToAsk } from '../src/scopes.js';
import { readTokenAnswer } from '../src/token-answer.js';
import { tokenRequest } from '../src/token-request.js';

type Given = FixtureGiven & Fixture['given'] & NonNullable<FixtureCase['given']>;

/** One fixture, ready to be tried: the connection it describes, and one that came with a refresh token. */
interface Trial {
  fixture: Fixture;
  given: Given;
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
  const trial = () => trialOf(catalogue, id, fixture);
  attempt('authorize', () => authorizeFailure(trial(), fixture.authorize, {}));
  for (const phase of ['exchange', 'refresh', 'identity', 'introspect'] as const)
    if (fixture.requests[phase]) attempt(`request ${phase}`, () => requestFailure(trial(), phase));
  for (const [name, one] of Object.entries(fixture.cases)) attempt(name, () => caseFailure(trial(), one));
  return failures;
}

function trialOf(catalogue: Catalogue, id: string, fixture: Fixture): Trial {
  const given = fixture.given as Given;
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
      ...(given.clientAuth === undefined ? {} : { token_endpoint_auth_method: given.clientAuth }),
      // A connection that describes its provider itself joins by commas unless told otherwise; an entry says it.
      ...(endpoints.authorization === undefined && authorization.scopeDelimiter === ' '
        ? { useOauthSpecScope: true }
        : {}),
    },
    metadata: given.metadata ?? null,
  };
  const ofFlow = Object.fromEntries(values.filter(([name]) => !isAdmins(name)));
  return {
    fixture,
    given,
    resolved: catalogue.resolve(connection, ofFlow),
    refreshing: catalogue.resolve(connection, ofFlow, { hasRefreshToken: true }),
  };
}

function authorizeFailure(
  { given, resolved }: Trial,
  expected: FixtureRequest | undefined,
  own: NonNullable<FixtureCase['given']>,
): string | undefined {
  if (!expected) return undefined;
  const flow = { ...given, ...own };
  const { url } = authorizationRequest(resolved, {
    redirectUri: flow.redirectUri,
    state: flow.state,
    codeChallenge: flow.codeChallenge,
    nonce: flow.nonce,
    scopes: own.scopes ?? null,
    params: own.callerParams ?? {},
    offline: own.offline ?? true,
    ...(own.granted ? { grantedBefore: own.granted } : {}),
    forceConsent: flow.reconnect === true,
  });
  return url === expected.url ? undefined : `sent ${url} instead of ${expected.url}`;
}

function requestFailure(trial: Trial, phase: 'exchange' | 'refresh' | 'identity' | 'introspect'): string | undefined {
  const { given, resolved, fixture } = trial;
  const expected = fixture.requests[phase];
  if (phase === 'identity') return differenceOf(identityRequest(resolved, given.accessToken, {}), expected);
  if (phase === 'introspect')
    return differenceOf(introspectionRequest(resolved, given.accessToken, given.clientSecret), expected);
  const request = tokenRequest(phase === 'refresh' ? trial.refreshing : resolved, phase, {
    clientSecret: given.clientSecret,
    clientAssertion: MADE_UP_JWT,
    code: given.code,
    codeVerifier: given.codeVerifier,
    redirectUri: given.redirectUri,
    refreshToken: given.refreshToken,
    ...(phase === 'refresh' && resolved.entry.tokenRequest.refreshScope === 'always'
      ? { scopes: given.granted ?? [] }
      : {}),
  });
  return differenceOf(request, expected);
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
  if (one.authorize) {
    const failure = authorizeFailure(trial, one.authorize, one.given ?? {});
    if (failure !== undefined) return failure;
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
  if (one.response.status === null) return { ...classifyTransport({ sent: 'maybe' }) };
  const answer = answerOf(one);
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
  const given = { ...trial.given, ...one.given };
  const resolved = phase === 'refresh' ? trial.refreshing : trial.resolved;
  if (one.response!.status === null) return { ...classifyTransport({ sent: 'maybe' }) };
  const asked = phase === 'refresh' ? (given.granted ?? []) : scopesToAsk(resolved, { ...given, offline: true });
  const read = readTokenAnswer(resolved, phase, { scopes: asked }, answerOf(one), new Date(given.now * 1000));
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
  if (one.response.status === null) return { ...classifyTransport({ sent: 'maybe' }), outcome: 'failed' };
  return { ...readRevocation(resolved, answerOf(one), new Date(given.now * 1000)) };
}

const answerOf = ({ response }: FixtureCase): EgressAnswer => ({
  status: response!.status!,
  headers: lowered(response!.headers),
  body: Buffer.from((response!.body ?? '').replaceAll('{{id_token}}', MADE_UP_JWT)),
});

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

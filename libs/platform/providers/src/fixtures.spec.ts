import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyTransport } from './classify.js';
import { authorizationRequest } from './authorization-request.js';
import { readCallback } from './callback.js';
import { readIdentity } from './identity.js';
import { resolve } from './resolve.js';
import { missingScopes } from './scopes.js';
import { readTokenAnswer } from './token-answer.js';
import { tokenRequest } from './token-request.js';

/** `bases.fixtures.json` is the part of the shared fixtures that concerns the two generic providers. */
interface Case {
  phase: string;
  given?: { scopes: string[] };
  response?: { status: number | null; headers: Record<string, string>; body: string };
  callback?: string;
  documents?: Record<string, unknown>;
  expect: Record<string, unknown>;
}
interface Fixture {
  given: { redirectUri: string; metadata: Record<string, unknown>; scopes: string[]; granted: string[] } & Record<
    string,
    unknown
  >;
  authorize: { url: string };
  requests: Record<string, { method: string; url: string; headers: Record<string, string>; body: string }>;
  cases: Record<string, Case>;
}
const { given, providers } = JSON.parse(readFileSync(join(import.meta.dirname, 'bases.fixtures.json'), 'utf8')) as {
  given: Record<string, string> & { now: number };
  providers: Record<string, Fixture>;
};
const now = new Date(given.now * 1000);

describe.each(Object.entries(providers))('the %s provider', (strategy, fixture) => {
  const resolved = resolve({
    connectionId: 'con_1',
    name: strategy,
    strategy,
    options: { client_id: given['clientId'], scope: fixture.given.scopes },
    metadata: fixture.given.metadata,
  });

  it('is asked for consent with exactly this address', () => {
    const { url } = authorizationRequest(resolved, {
      redirectUri: fixture.given.redirectUri,
      state: given['state']!,
      codeChallenge: given['codeChallenge']!,
      nonce: given['nonce']!,
      scopes: null,
      params: {},
      offline: true,
      forceConsent: fixture.given['reconnect'] === true,
    });
    expect(url).toBe(fixture.authorize.url);
  });

  it.each(['exchange', 'refresh'] as const)('is sent exactly this request in %s', (phase) => {
    const request = tokenRequest(resolved, phase, {
      clientSecret: given['clientSecret']!,
      code: given['code']!,
      codeVerifier: given['codeVerifier']!,
      redirectUri: fixture.given.redirectUri,
      refreshToken: given['refreshToken']!,
    });
    expect(request).toEqual(fixture.requests[phase]);
  });

  const cases = Object.entries(fixture.cases).map(([name, one]) => ({ name, ...one }));

  it.each(cases.filter(({ phase, response }) => response?.status && ['exchange', 'refresh'].includes(phase)))(
    'is understood: $name',
    ({ phase, given: own, response, expect: expected }) => {
      const asked = own?.scopes ?? (phase === 'refresh' ? fixture.given.granted : askedByDefault(strategy, fixture));
      const read = readTokenAnswer(
        resolved,
        phase as 'exchange',
        { scopes: asked },
        { status: response!.status!, headers: response!.headers, body: Buffer.from(response!.body) },
        now,
      );
      if (read.outcome === 'error') {
        expect(read).toMatchObject(expected);
        return;
      }
      expect({
        class: 'ok',
        accessToken: read.accessToken,
        refreshToken: read.refreshToken ?? (phase === 'refresh' ? given['refreshToken'] : null),
        expiresAt: read.expiresAt && read.expiresAt.getTime() / 1000,
        tokenType: 'Bearer',
        scopes: read.scopes,
        ...(expected['missingScopes'] ? { missingScopes: missingScopes(resolved, asked, read.scopes) } : {}),
      }).toEqual(expected);
    },
  );

  it.each(cases.filter(({ callback }) => callback && !callback.includes('state=other')))(
    'sends the browser back: $name',
    ({ callback, expect: expected }) => {
      const { searchParams } = new URL(callback!);
      const query = Object.fromEntries(
        [...searchParams.keys()].map((name) => {
          const values = searchParams.getAll(name);
          return [name, values.length > 1 ? values : values[0]];
        }),
      );
      expect(readCallback(resolved, query)).toMatchObject(expected);
    },
  );

  it('names the account as the documents do', () => {
    for (const { documents, expect: expected } of cases)
      if (documents) expect(readIdentity(resolved, documents)).toMatchObject(expected);
  });
});

it('reads a connection that broke as a passing fault', () => {
  expect(classifyTransport({ sent: 'maybe' })).toMatchObject({ class: 'retry', code: null, sent: 'maybe' });
});

const askedByDefault = (strategy: string, { given: { scopes } }: Fixture): string[] =>
  strategy === 'oidc' ? ['openid', ...scopes, 'offline_access'] : scopes;

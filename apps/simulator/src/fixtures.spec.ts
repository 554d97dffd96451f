import { type EgressFailedError } from '@strongroom/egress';
import {
  type Catalogue,
  classify,
  classifyTransport,
  type Fixture,
  type FixtureCase,
  identityRequest,
  loadFixtures,
  missingScopes,
  readCallback,
  readIdentity,
  readIdentityAnswer,
  readRevocation,
  readTokenAnswer,
  type ResolvedProvider,
  revocationRequest,
  tokenRequest,
} from '@strongroom/providers';
import { asSent, here, read } from '../test/exchanges.js';
import { type Given, Vault } from '../test/vault.js';
import { startSimulator, type Simulator } from './simulator.js';

/**
 * The recorded providers over real HTTP (`spec/providers.md` §9): first in play, the exact requests compared, then each
 * recorded answer. Any catalogue and fixture files will do; nothing is asked for by name.
 */
const filesIn = (variable: string): string[] => (process.env[variable] ?? '').split(',').filter(Boolean);
const providersFiles = filesIn('STRONGROOM_PROVIDERS_FILE');
const fixtureFiles = filesIn('STRONGROOM_TEST_PROVIDER_FIXTURES');
const fixtures = loadFixtures(fixtureFiles);

type WholeGiven = Fixture['given'] & typeof fixtures.given & Given;
const answer = (
  vault: Vault,
  phase: string,
  { status, headers = {}, body = '' }: NonNullable<FixtureCase['response']>,
) =>
  vault.control('POST', 'answers', { phase, status, headers, body: body.replaceAll('{{id_token}}', 'cnry.id.token') });

const isTokenPhase = (phase: string) => phase === 'exchange' || phase === 'refresh';
const isRefresh = (phase: string) => phase === 'refresh';
const one = (query: URLSearchParams, name: string) => {
  const values = query.getAll(name);
  return values.length > 1 ? values : values[0];
};
const strings = (values: object): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
const asJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

let simulator: Simulator;
let catalogue: Catalogue;
beforeAll(async () => {
  simulator = await startSimulator({ port: 0, providersFiles, fixtureFiles });
  catalogue = await Vault.catalogue(simulator, providersFiles);
});
afterAll(() => simulator.close());

describe.each(Object.entries(fixtures.providers))('%s over HTTP', (id, fixture) => {
  const given = fixture.given as WholeGiven;
  const mapped = (value: unknown) => here(simulator.origin, id, value);

  /** A vault whose connection is the one that was recorded. */
  async function vaultOf(settings: object = {}, own: Partial<WholeGiven> = {}): Promise<Vault> {
    const all = { ...given, ...own };
    const params = Object.entries(all.params ?? {}).map(([name, value]) => [
      catalogue.optionOf(id, name),
      mapped(value),
    ]);
    const options = {
      ...(Object.fromEntries(params) as Record<string, unknown>),
      ...(all.clientAuth === undefined ? {} : { token_endpoint_auth_method: all.clientAuth }),
      scope: all.scopes,
    };
    const vault = new Vault(simulator, catalogue, id, options, all, mapped(all.metadata ?? null) as null);
    await vault.register(settings);
    return vault;
  }

  /** One test per recorded case that fits. */
  function each(words: string, fits: (one: FixtureCase) => boolean, run: (one: FixtureCase) => Promise<void>): void {
    for (const [name, one] of Object.entries(fixture.cases)) if (fits(one)) it(`${words} ${name}`, () => run(one));
  }

  const asking = { forceConsent: given.reconnect === true };
  const received = (phase: string) => simulator.received(id).filter((one) => one.phase === phase);
  const latest = (phase: string) => received(phase).at(-1)!;
  /** The latest call of this phase is the recorded one, but for what is new in each run. */
  const inPlay = (phase: keyof Fixture['requests'], values: Record<string, string>) => {
    const recorded = fixture.requests[phase];
    if (recorded) expect(asSent(latest(phase), values)).toEqual(read(recorded));
  };

  it('connects, refreshes, grants less and revokes, by exactly the recorded requests', async () => {
    const vault = await vaultOf();
    const { entry } = catalogue.providers.get(id)!;
    const { mode } = entry.refresh;
    const connected = await vault.connect(asking);
    if (fixture.authorize) expect(latest('authorize').url).toBe(fixture.authorize.url);
    const code = (latest('exchange').body + latest('exchange').url).match(/cnry_code_[\w-]+/)![0];
    inPlay('exchange', { [code]: given.code });
    if (entry.identity.subject.length > 0) expect(connected.identity.subject).toBeTruthy();
    inPlay('identity', { [connected.tokens.accessToken]: given.accessToken });

    const { accessToken, refreshToken } = connected.tokens;
    const known = await vault.resolved({ ...strings(connected.tokens.extras), ...connected.captured });
    let live = { accessToken, refreshToken };
    if (mode !== 'none') {
      expect(refreshToken).not.toBeNull();
      const refreshed = await vault.refresh(known, refreshToken!, connected.tokens.scopes);
      if (refreshed.outcome !== 'tokens') throw new Error(`not refreshed: ${JSON.stringify(refreshed)}`);
      inPlay('refresh', { [refreshToken!]: given.refreshToken });
      live = { accessToken: refreshed.accessToken, refreshToken: refreshed.refreshToken ?? refreshToken };
      expect(refreshed.refreshToken === null).toBe(mode === 'static' || mode === 'optional');
      if (refreshed.refreshToken !== null) expect(await vault.isAlive(refreshToken!)).toBe(false);
    }
    expect(await vault.reads(live.accessToken)).toBe(200);

    const requests = revocationRequest(known, live, given.clientSecret);
    for (const request of requests) {
      const outcome = readRevocation(known, await vault.send(request), new Date());
      expect(outcome.outcome).toBe('revoked');
      inPlay('revoke', {
        [live.accessToken]: given.accessToken,
        [live.refreshToken ?? '']: given.refreshToken,
      });
    }
    if (requests.length > 0) {
      const { effect, token } = known.entry.revocation;
      const presented = token === 'access' || live.refreshToken === null ? live.accessToken : live.refreshToken;
      expect(await vault.isAlive(presented)).toBe(false);
      if (effect === 'pair' || effect === 'grant' || effect === 'project')
        expect(await vault.reads(live.accessToken)).toBe(401);
    }
  });

  it('grants less than was asked', async () => {
    const { authorization, tokenResponse } = catalogue.providers.get(id)!.entry;
    if (authorization.scopeParam === '' || tokenResponse.paths.scope.length === 0) return;
    const vault = await vaultOf({ auto: 'partial' });
    const wanted = [...given.scopes, 'further:scope'];
    const { tokens } = await vault.connect({ ...asking, scopes: wanted });
    expect(missingScopes(await vault.resolved(), wanted, tokens.scopes)).toEqual(['further:scope']);
  });

  each(
    'answers',
    ({ phase, response }) => response !== undefined && isTokenPhase(phase),
    async ({ phase, given: own, response, expect: expected }) => {
      const vault = await vaultOf({}, own as Partial<WholeGiven>);
      const resolved = await vault.resolved(known());
      await answer(vault, phase, response!);
      const asked = isRefresh(phase) ? (own?.scopes ?? given.granted ?? []) : askedBy(vault, resolved, own?.scopes);
      const request = tokenRequest(resolved, phase as 'exchange', {
        clientSecret: given.clientSecret,
        clientAssertion: 'assertion',
        code: given.code,
        codeVerifier: given.codeVerifier,
        redirectUri: given.redirectUri,
        refreshToken: given.refreshToken,
        ...(resolved.entry.tokenRequest.refreshScope === 'always' ? { scopes: given.granted ?? [] } : {}),
      });
      const sent = await vault.send(request).then(
        (got) => readTokenAnswer(resolved, phase as 'exchange', { scopes: asked }, got, new Date(given.now * 1000)),
        (error: unknown) => classifyTransport(error as EgressFailedError),
      );
      expect(seen(sent, phase, asked, resolved)).toMatchObject(expected);
    },
  );

  function seen(
    read: ReturnType<typeof readTokenAnswer>,
    phase: string,
    asked: string[],
    resolved: ResolvedProvider,
  ): object {
    if (read.outcome === 'error') return read;
    const { accessToken, refreshToken, expiresAt, refreshExpiresAt, scopes, extras } = read;
    const seconds = (date: Date | null) => date && date.getTime() / 1000;
    return {
      class: 'ok',
      accessToken,
      refreshToken: refreshToken ?? (isRefresh(phase) ? given.refreshToken : null),
      expiresAt: seconds(expiresAt),
      refreshExpiresAt: seconds(refreshExpiresAt),
      tokenType: 'Bearer',
      scopes,
      extras,
      missingScopes: missingScopes(resolved, asked, scopes),
    };
  }

  each(
    'comes back with',
    ({ callback }) => callback !== undefined,
    async ({ callback, given: own, expect: expected }) => {
      const vault = await vaultOf({}, own as Partial<WholeGiven>);
      const resolved = await vault.resolved();
      const back = new URL(callback!);
      const members = [...back.searchParams].map(([name, value]): [string, string] => [
        name,
        name === 'iss' ? String(mapped(value)) : value,
      ]);
      back.search = new URLSearchParams(members).toString();
      await answer(vault, 'authorize', { status: 302, headers: { location: back.href }, body: '' });
      const query = await vault.visit(vault.authorization(resolved, asking).url);
      const read =
        query.get('state') === given.state
          ? readCallback(
              resolved,
              Object.fromEntries([...new Set(query.keys())].map((name) => [name, one(query, name)])),
            )
          : { outcome: 'refused', reason: 'state_mismatch' };
      expect(read).toMatchObject(expected);
    },
  );

  each(
    'asks:',
    ({ authorize }) => authorize !== undefined,
    async ({ authorize, given: own }) => {
      const vault = await vaultOf({}, own as Partial<WholeGiven>);
      const { url } = vault.authorization(await vault.resolved(), {
        ...asking,
        ...(own?.reconnect === undefined ? {} : { forceConsent: own.reconnect }),
        ...(own?.callerParams === undefined ? {} : { params: own.callerParams }),
        ...(own?.offline === undefined ? {} : { offline: own.offline }),
        ...(own?.granted === undefined ? {} : { grantedBefore: own.granted }),
      });
      await answer(vault, 'authorize', { status: 204 });
      await fetch(url);
      expect(latest('authorize').url).toBe(authorize!.url);
    },
  );

  each(
    'tells the account:',
    ({ documents }) => documents !== undefined,
    async ({ documents, given: own, expect: expected }) => {
      const vault = await vaultOf({}, own as Partial<WholeGiven>);
      const resolved = await vault.resolved();
      const told = documents!['request'] ?? documents!['userinfo'];
      const request = identityRequest(resolved, 'cnry_at', {});
      if (told !== undefined && request) {
        await answer(vault, 'identity', { status: 200, headers: {}, body: JSON.stringify(told) });
        const got = readIdentityAnswer(resolved, await vault.send(request), new Date());
        expect(got).toEqual({ outcome: 'document', document: told });
      }
      const { issuer } = expected;
      const wanted = issuer === undefined ? expected : { ...expected, issuer: mapped(issuer) };
      expect(readIdentity(resolved, documents!)).toMatchObject(wanted);
    },
  );

  each(
    'refuses',
    ({ phase, response }) => response !== undefined && (phase === 'api' || phase === 'identity'),
    async ({ phase, response, expect: expected }) => {
      const vault = await vaultOf();
      const resolved = await vault.resolved();
      await answer(vault, phase, response!);
      const now = new Date(given.now * 1000);
      if (phase === 'identity') {
        const got = await vault.send(identityRequest(resolved, 'cnry_at', {})!);
        expect(readIdentityAnswer(resolved, got, now)).toMatchObject(expected);
        return;
      }
      const { status, headers, body } = await vault.send({ method: 'GET', url: `${simulator.origin}/${id}/_api/me` });
      const { retryAfter: _, ...rest } = expected;
      expect(classify(resolved, { phase: 'api', status, headers, body: asJson(body) })).toMatchObject(rest);
    },
  );

  each(
    'revokes:',
    ({ phase }) => phase === 'revoke',
    async (one) => {
      const vault = await vaultOf({}, one.given as Partial<WholeGiven>);
      const resolved = await vault.resolved(known());
      const isWithoutRefresh = resolved.entry.refresh.mode === 'none';
      const tokens = one.tokens ?? {
        accessToken: given.accessToken,
        refreshToken: isWithoutRefresh ? null : given.refreshToken,
      };
      const requests = revocationRequest(resolved, tokens, given.clientSecret);
      if (requests.length === 0) {
        expect({
          outcome: 'unsupported',
          ...(resolved.manageUrl === null ? {} : { manageUrl: resolved.manageUrl }),
        }).toMatchObject(one.expect);
        expect(one.request ?? null).toBeNull();
        return;
      }
      await answer(vault, 'revoke', one.response!);
      const outcome = await vault.send(requests[0]!).then(
        (got) => readRevocation(resolved, got, new Date(given.now * 1000)),
        (error: unknown) => ({ ...classifyTransport(error as EgressFailedError), outcome: 'failed' }),
      );
      expect(outcome).toMatchObject(one.expect);
      const wanted = one.request ?? fixture.requests.revoke;
      if (wanted) expect(asSent(latest('revoke'), {})).toEqual(read(wanted));
    },
  );

  /** What earlier steps of the flow would have told. */
  const known = (): Record<string, string> => {
    const exchanged = Object.values(fixture.cases).find(
      ({ phase, expect: { class: kind } }) => phase === 'exchange' && kind === 'ok',
    );
    return { ...given.params, ...strings(exchanged?.expect['extras'] ?? {}) };
  };

  const askedBy = (vault: Vault, resolved: ResolvedProvider, scopes: string[] | undefined) =>
    vault.authorization(resolved, { ...asking, ...(scopes ? { scopes } : {}) }).scopesAsked;
});

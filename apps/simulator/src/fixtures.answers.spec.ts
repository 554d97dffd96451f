import {
  authorizationRequest,
  type Catalogue,
  classify,
  type FixtureCase,
  identityRequest,
  missingScopes,
  readCallback,
  readIdentity,
  readIdentityAnswer,
  readRevocation,
  readTokenAnswer,
  revocationRequest,
  tokenRequest,
} from '@strongroom/providers';
import { asSent, read } from '../test/exchanges.js';
import { fixtures, orLost, Recorded, startAll } from '../test/recorded.js';
import { parsed } from './members.js';
import type { Simulator } from './simulator.js';

/** Each recorded answer, given over the wire and read by the engine (`spec/providers.md` §9). */
let simulator: Simulator;
let catalogue: Catalogue;
beforeAll(async () => ({ simulator, catalogue } = await startAll()));
afterAll(() => simulator.close());

describe.each(Object.entries(fixtures))('%s answers', (id, fixture) => {
  const recorded = () => new Recorded(simulator, catalogue, id, fixture);
  const nowIn = (play: Recorded) => new Date(play.given.now * 1000);

  for (const [name, one] of Object.entries(fixture.cases)) it(name, () => tried(recorded(), one));

  async function tried(play: Recorded, one: FixtureCase): Promise<void> {
    if (one.authorize !== undefined) await asks(play, one);
    if (one.callback !== undefined) return comesBack(play, one);
    if (one.documents) return tellsAccount(play, one);
    if (one.phase === 'revoke') return revokes(play, one);
    if (one.phase === 'exchange' || one.phase === 'refresh') return givesTokens(play, one.phase, one);
    if (one.response) return refuses(play, one);
  }

  async function asks(play: Recorded, one: FixtureCase): Promise<void> {
    const given = play.givenIn(one);
    const vault = await play.vault({}, given);
    const resolved = await play.resolved(vault, one);
    const address = () =>
      vault.authorization(resolved, {
        forceConsent: given.reconnect === true,
        params: given.callerParams ?? {},
        offline: given.offline ?? true,
        ...(one.given?.granted ? { grantedBefore: one.given.granted } : {}),
      }).url;
    if (one.authorize === null) {
      expect(address).toThrow();
      return;
    }
    await play.answers(vault, 'authorize', { status: 204 });
    await fetch(address());
    expect(play.latest('authorize')?.url).toBe(one.authorize!.url);
  }

  async function comesBack(play: Recorded, one: FixtureCase): Promise<void> {
    const vault = await play.vault({}, play.givenIn(one));
    const resolved = await play.resolved(vault, one);
    const back = new URL(one.callback!);
    const members = [...back.searchParams].map(([name, value]): [string, string] => [
      name,
      name === 'iss' ? play.mapped(value) : value,
    ]);
    back.search = new URLSearchParams(members).toString();
    await play.answers(vault, 'authorize', { status: 302, headers: { location: back.href } });
    const query = await vault.visit(vault.authorization(resolved, play.asking).url);
    const values = [...new Set(query.keys())].map((name) => {
      const all = query.getAll(name);
      return [name, all.length > 1 ? all : all[0]];
    });
    const isOurs = query.getAll('state').includes(play.given.state);
    const got = isOurs
      ? readCallback(resolved, Object.fromEntries(values))
      : { outcome: 'refused', reason: 'state_mismatch' };
    expect(got).toMatchObject(one.expect);
  }

  async function givesTokens(play: Recorded, phase: 'exchange' | 'refresh', one: FixtureCase): Promise<void> {
    const given = play.givenIn(one);
    const vault = await play.vault({}, given);
    const resolved = await play.resolved(vault, one);
    const isAlways = resolved.entry.tokenRequest.refreshScope === 'always';
    const scopes = one.given?.narrowTo ?? (isAlways ? given.granted : undefined);
    const request = tokenRequest(resolved, phase, {
      clientSecret: given.clientSecret,
      ...(given.clientAuth === 'private_key_jwt' ? { clientAssertion: 'assertion' } : {}),
      code: given.code,
      codeVerifier: given.codeVerifier,
      redirectUri: given.redirectUri,
      refreshToken: given.refreshToken,
      ...(phase === 'refresh' && scopes ? { scopes } : {}),
    });
    await play.answers(vault, phase, one.response ?? { status: 204 });
    const { scopesAsked } = authorizationRequest(resolved, {
      ...asking(play),
      offline: given.offline ?? true,
      scopes: given.scopes,
    });
    const asked = {
      scopes: phase === 'refresh' ? (given.granted ?? []) : scopesAsked,
      ...(given.granted ? { grantedBefore: given.granted } : {}),
    };
    const got = await orLost(
      { resolved, phase },
      vault.send(request).then((answer) => readTokenAnswer(resolved, phase, asked, answer, nowIn(play))),
    );
    const wanted = one.request ?? fixture.requests[phase];
    if (wanted && (one.request || !one.given)) expect(asSent(play.latest(phase)!, {})).toEqual(read(wanted));
    if (!one.response) return;
    if (got.outcome === 'error') {
      expect(got).toMatchObject(one.expect);
      return;
    }
    const seconds = (date: Date | null) => date && date.getTime() / 1000;
    expect({
      class: 'ok',
      accessToken: got.accessToken,
      refreshToken: got.refreshToken ?? (phase === 'refresh' ? given.refreshToken : null),
      expiresAt: seconds(got.expiresAt),
      refreshExpiresAt: seconds(got.refreshExpiresAt),
      tokenType: 'Bearer',
      scopes: got.scopes,
      extras: got.extras,
      missingScopes: missingScopes(resolved, given.scopes, got.scopes),
    }).toMatchObject(one.expect);
  }

  async function tellsAccount(play: Recorded, one: FixtureCase): Promise<void> {
    const vault = await play.vault({}, play.givenIn(one));
    const resolved = await play.resolved(vault, one);
    const documents = play.mapped(one.documents!);
    const told = documents['request'] ?? documents['userinfo'];
    const request = identityRequest(resolved, play.given.accessToken, {});
    if (told !== undefined && request) {
      await play.answers(vault, 'identity', { status: 200, body: JSON.stringify(told) });
      const got = readIdentityAnswer(resolved, await vault.send(request), nowIn(play));
      expect(got).toEqual({ outcome: 'document', document: told });
    }
    const identity = () => readIdentity(resolved, documents);
    if (one.expect['outcome'] === 'refused') expect(identity).toThrow();
    else expect(identity()).toMatchObject(play.mapped(one.expect));
  }

  async function refuses(play: Recorded, one: FixtureCase): Promise<void> {
    const vault = await play.vault({}, play.givenIn(one));
    const resolved = await play.resolved(vault, one);
    await play.answers(vault, one.phase, one.response!);
    if (one.phase === 'identity') {
      const request = identityRequest(resolved, play.given.accessToken, {})!;
      const got = await orLost(
        { resolved, phase: 'identity' },
        vault.send(request).then((answer) => readIdentityAnswer(resolved, answer, nowIn(play))),
      );
      expect(got).toMatchObject(one.expect);
      return;
    }
    const { status, headers, body } = await vault.send({ method: 'GET', url: `${simulator.origin}/${id}/_api/me` });
    const { retryAfter: _, ...expected } = one.expect;
    const got = classify(resolved, { phase: 'api', status, headers, body: parsed(body.toString('utf8')) });
    expect(got).toMatchObject(expected);
  }

  async function revokes(play: Recorded, one: FixtureCase): Promise<void> {
    const given = play.givenIn(one);
    const vault = await play.vault({}, given);
    const resolved = await play.resolved(vault, one);
    const hasNone = resolved.entry.refresh.mode === 'none';
    const tokens = one.tokens ?? {
      accessToken: given.accessToken,
      refreshToken: hasNone ? null : given.refreshToken,
    };
    const [request] = revocationRequest(resolved, tokens, given.clientSecret);
    if (!request) {
      expect(one.request ?? null).toBeNull();
      expect({ outcome: 'unsupported', manageUrl: resolved.manageUrl }).toMatchObject(one.expect);
      return;
    }
    await play.answers(vault, 'revoke', one.response ?? { status: 204 });
    const got = await orLost(
      { resolved, phase: 'revoke' },
      vault.send(request).then((answer) => readRevocation(resolved, answer, nowIn(play))),
    );
    if (one.response)
      expect({ ...got, outcome: got.outcome === 'error' ? 'failed' : got.outcome }).toMatchObject(one.expect);
    const wanted = one.request ?? fixture.requests.revoke;
    if (wanted) expect(asSent(play.latest('revoke')!, {})).toEqual(read(wanted));
  }
});

const asking = ({ given }: Recorded) => ({
  redirectUri: given.redirectUri,
  state: given.state,
  codeChallenge: null,
  nonce: null,
  params: {},
  forceConsent: given.reconnect === true,
});

import {
  type Catalogue,
  identityRequest,
  introspectionRequest,
  missingScopes,
  readIdentityAnswer,
  readIntrospection,
  readRevocation,
  revocationRequest,
} from '@strongroom/providers';
import { asSent, read } from '../test/exchanges.js';
import { fixtures, Recorded, startAll, stringsIn } from '../test/recorded.js';
import type { Simulator } from './simulator.js';

/**
 * The recorded providers in play, over real HTTP (`spec/providers.md` §9): every request compared with the recorded
 * one as it arrived. Any catalogue and fixture files will do; nothing is asked for by name.
 */
let simulator: Simulator;
let catalogue: Catalogue;
beforeAll(async () => ({ simulator, catalogue } = await startAll()));
afterAll(() => simulator.close());

describe.each(Object.entries(fixtures))('%s in play', (id, fixture) => {
  const recorded = () => new Recorded(simulator, catalogue, id, fixture);

  function expectRecorded(...[name, values, phase]: Parameters<Recorded['compared']>): void {
    const [sent, wanted] = recorded().compared(name, values, phase);
    expect(sent).toEqual(wanted);
  }

  /** The address, or the members of the request that was pushed in place of it. */
  function expectAsked(play: Recorded): void {
    const { authorize } = fixture;
    const pushed = play.latest('push');
    if (!authorize) return;
    if (authorize.method === 'POST') expect(asSent(pushed!, {})).toEqual(read(authorize));
    else if (pushed) {
      const sent = [...new URLSearchParams(pushed.body)].filter(([name]) => name !== 'client_secret');
      const inAddress = new URL(authorize.url).searchParams;
      expect(sent).toEqual([...inAddress].filter(([name]) => sent.some(([one]) => one === name)));
      expect(sent.map(([name]) => name)).toContain('redirect_uri');
    } else expect(play.latest('authorize')?.url).toBe(authorize.url);
  }

  it('connects by exactly the recorded requests, and tells who it is', async () => {
    const play = recorded();
    const vault = await play.vault();
    const { tokens, identity, documents, captured } = await vault.connect(play.asking);
    expectAsked(play);
    const [code] = /cnry_code_[\w-]+/.exec(JSON.stringify(play.latest('exchange')))!;
    expectRecorded('exchange', { [code]: play.given.code });
    expectRecorded('discovery', {});
    if (documents.id_token !== undefined) expectRecorded('keys', {}, 'jwks');
    if (play.entry.identity.subject.length > 0) expect(identity.subject).toBeTruthy();

    const known = await vault.resolved({ ...stringsIn(tokens.extras), ...captured });
    const values = { [tokens.accessToken]: play.given.accessToken };
    const asked = identityRequest(known, tokens.accessToken, {});
    if (asked) {
      expect(readIdentityAnswer(known, await vault.send(asked), new Date()).outcome).toBe('document');
      expectRecorded('identity', values);
    }
    const introspection = introspectionRequest(known, tokens.accessToken, play.given.clientSecret);
    if (introspection) {
      const end = readIntrospection(known, await vault.send(introspection), new Date());
      expect(end).toEqual({ outcome: 'introspected', expiresAt: expect.any(Date) });
      expectRecorded('introspect', values);
    }
  });

  it('refreshes by exactly the recorded request; what it gives is alive', async () => {
    const play = recorded();
    const { mode, reuse } = play.entry.refresh;
    if (mode === 'none') return;
    const vault = await play.vault();
    const { tokens, captured } = await vault.connect(play.asking);
    const before = tokens.refreshToken!;
    const known = await vault.resolved({ ...stringsIn(tokens.extras), ...captured }, true);
    const refreshed = await vault.refresh(known, before, play.given.granted ?? []);
    if (refreshed.outcome !== 'tokens') throw new Error(`not refreshed: ${JSON.stringify(refreshed)}`);
    expectRecorded('refresh', { [before]: play.given.refreshToken });
    expect(await vault.reads(refreshed.accessToken)).toBe(200);
    expect(refreshed.refreshToken === null).toBe(mode !== 'rotating');
    if (refreshed.refreshToken !== null) expect(await vault.isAlive(before)).toBe(reuse === 'tolerated');
  });

  it('revokes by exactly the recorded request; what it ends is dead', async () => {
    const play = recorded();
    const vault = await play.vault();
    const { tokens, captured } = await vault.connect(play.asking);
    const known = await vault.resolved({ ...stringsIn(tokens.extras), ...captured });
    const held = { accessToken: tokens.accessToken, refreshToken: tokens.refreshToken };
    const requests = revocationRequest(known, held, play.given.clientSecret);
    const values = { [held.accessToken]: play.given.accessToken, [held.refreshToken ?? '']: play.given.refreshToken };
    for (const [index, request] of requests.entries()) {
      const { outcome } = readRevocation(known, await vault.send(request), new Date());
      // With the first token the second may have died.
      expect(index === 0 ? ['revoked'] : ['revoked', 'already_gone']).toContain(outcome);
      if (index === 0) expectRecorded('revoke', values);
    }
    if (requests.length === 0) return;
    const { effect, token } = known.entry.revocation;
    const presented = token === 'access' || held.refreshToken === null ? held.accessToken : held.refreshToken;
    expect(await vault.isAlive(presented)).toBe(false);
    if (['pair', 'grant', 'project'].includes(effect)) expect(await vault.reads(held.accessToken)).toBe(401);
  });

  it('grants less than was asked', async () => {
    const play = recorded();
    const { authorization, tokenResponse } = play.entry;
    if (authorization.scopeParam === '' || tokenResponse.paths.scope.length === 0) return;
    const vault = await play.vault({ auto: 'partial' });
    const wanted = [...play.given.scopes, 'granted:scope', 'further:scope'];
    const { tokens } = await vault.connect({ ...play.asking, scopes: wanted });
    expect(missingScopes(await vault.resolved(), wanted, tokens.scopes)).toEqual(['further:scope']);
  });
});

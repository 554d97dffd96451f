import { TestClient } from '../test/client.js';
import type { Simulator } from './simulator.js';

const ROTATING = { refresh: { rotate: 'always' } };
const DAY = 24 * 3600;

describe('what can be ordered of the simulator', () => {
  let simulator: Simulator;
  beforeAll(async () => (simulator = await TestClient.start()));
  afterAll(() => simulator.close());

  const raw = (app: TestClient, refresh_token: string, signal?: AbortSignal) =>
    fetch(`${app.url}/token`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({
        client_id: 'simulated-client',
        client_secret: 'cnry_cs_simulated',
        grant_type: 'refresh_token',
        refresh_token,
      }),
      ...(signal ? { signal } : {}),
    });
  const travel = (app: TestClient, advanceSeconds: number) => app.control('POST', 'clock', { advanceSeconds });
  const alive = async (app: TestClient, token: string) => (await app.control('POST', 'truth', { token })).json.alive;

  it.each([
    ['before', 0],
    ['afterCommit', 1],
  ])('no answer at all: hang %s', async (hang, committed) => {
    const app = await TestClient.of(simulator, `hang-${hang}`, ROTATING);
    const { refresh_token } = await app.connect();
    await app.control('POST', 'faults', { hang });
    const patience = new AbortController();
    const asked = raw(app, refresh_token, patience.signal);
    let state = await app.state();
    while (state.tokenRequests.refresh_token === 0 || state.committed.refresh_token < committed)
      state = await app.state();
    expect(state.committed.refresh_token).toBe(committed);
    patience.abort();
    await expect(asked).rejects.toThrow(/aborted/);
  });

  it('bodies that are cut, filled, late, or somewhere else', async () => {
    const app = await TestClient.of(simulator, 'bodies');
    const { refresh_token } = await app.connect();
    const order = async (fault: object) => {
      await app.control('POST', 'faults', fault);
      return raw(app, refresh_token);
    };
    expect(await (await order({ truncate: 10 })).text()).toHaveLength(10);
    const filled = await (await order({ fillMiB: 2 })).text();
    expect(filled.length).toBeGreaterThan(2 * 1024 * 1024);
    expect(JSON.parse(filled)).toHaveProperty('access_token');
    expect(await (await order({ dripMs: 1 })).json()).toHaveProperty('access_token');
    const moved = await order({ redirect: 'https://elsewhere.example/', headers: { 'x-odd': '1' } });
    expect([moved.status, moved.headers.get('location'), moved.headers.get('x-odd')]).toEqual([
      302,
      'https://elsewhere.example/',
      '1',
    ]);
  });

  it('a fault for one person, for one phase, or until it is taken back', async () => {
    const app = await TestClient.of(simulator, 'aimed');
    const first = await app.connect();
    await app.control('PATCH', '', { person: 'person-2' });
    const second = await app.connect();
    await app.control('POST', 'faults', { person: 'person-2', status: 503, times: null });
    expect((await app.refresh(first.refresh_token)).status).toBe(200);
    for (let i = 0; i < 3; i++) expect((await app.refresh(second.refresh_token)).status).toBe(503);
    await app.control('DELETE', 'faults');
    await app.control('POST', 'faults', { phase: 'api', status: 418, body: {} });
    expect((await app.refresh(second.refresh_token)).status).toBe(200);
    expect(await app.reads(second.access_token)).toBe(418);
    expect(await app.reads(second.access_token)).toBe(200);
  });

  it('one refresh of a grant at a time', async () => {
    const app = await TestClient.of(simulator, 'serial', { ...ROTATING, serialise: true });
    const { refresh_token } = await app.connect();
    await app.control('POST', 'faults', { delayMsBeforeCommit: 2000 });
    const first = app.refresh(refresh_token);
    while ((await app.state()).tokenRequests.refresh_token === 0);
    expect((await app.refresh(refresh_token)).status).toBe(503);
    expect((await first).status).toBe(200);
    expect(await app.state()).toMatchObject({ presentationsOfReplaced: 0 });
  });

  it('a limit, told with the time to wait, and over when the window is', async () => {
    const app = await TestClient.of(simulator, 'limited', { rateLimit: { calls: 2, windowSeconds: 60 } });
    const { refresh_token } = await app.connect();
    for (let i = 0; i < 2; i++) expect((await app.refresh(refresh_token)).status).toBe(200);
    const limited = await app.refresh(refresh_token);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
    await travel(app, 60);
    expect((await app.refresh(refresh_token)).status).toBe(200);
  });

  it('no more live grants than so many: the oldest ends', async () => {
    const app = await TestClient.of(simulator, 'crowded', { maxLive: 2 });
    const grants = [await app.connect(), await app.connect(), await app.connect()];
    const living = await Promise.all(grants.map(({ refresh_token }) => alive(app, refresh_token)));
    expect(living).toEqual([false, true, true]);
    await app.control('PATCH', '', { person: 'person-2' });
    await app.connect();
    expect(await alive(app, grants[1]!.refresh_token)).toBe(true);
  });

  it('the death of a person, of a client, of a secret', async () => {
    const app = await TestClient.of(simulator, 'deaths');
    const { access_token, refresh_token } = await app.connect();
    await app.control('POST', 'suspend', { person: 'person-1' });
    expect(await app.reads(access_token)).toBe(401);
    expect((await app.refresh(refresh_token)).status).toBe(400);
    expect((await app.authorize()).searchParams.get('error')).toBe('access_denied');
    await app.control('POST', 'resume', { person: 'person-1' });
    expect((await app.refresh(refresh_token)).status).toBe(200);
    await app.control('PATCH', '', { clientDisabled: true });
    expect((await app.refresh(refresh_token)).json.error).toBe('invalid_client');
    await app.control('PATCH', '', { clientDisabled: false });
    const { json } = await app.control('POST', 'rotate-secret');
    expect((await app.refresh(refresh_token)).json.error).toBe('invalid_client');
    expect((await app.refresh(refresh_token, { client_secret: String(json.clientSecret) })).status).toBe(200);
  });

  it('lifetimes that run out without waiting: unused, in all, of an app under test', async () => {
    const idle = await TestClient.of(simulator, 'idle', { idleSeconds: DAY });
    const { refresh_token } = await idle.connect();
    await travel(idle, DAY - 1);
    expect((await idle.refresh(refresh_token)).status).toBe(200); // and is used again by that
    await travel(idle, DAY - 1);
    expect(await alive(idle, refresh_token)).toBe(true);
    await travel(idle, 1);
    expect((await idle.refresh(refresh_token)).json.error).toBe('invalid_grant');

    const absolute = await TestClient.of(simulator, 'absolute', { absoluteSeconds: 2 * DAY, ...ROTATING });
    let token = (await absolute.connect()).refresh_token;
    await travel(absolute, DAY);
    token = (await absolute.refresh(token)).json.refresh_token;
    await travel(absolute, DAY);
    expect((await absolute.refresh(token)).status).toBe(400);

    const testing = await TestClient.of(simulator, 'testing', { testingMode: true });
    const held = await testing.connect();
    await travel(testing, 7 * DAY - 1);
    expect(await alive(testing, held.refresh_token)).toBe(true);
    await travel(testing, 1);
    expect(await alive(testing, held.refresh_token)).toBe(false);
  });

  it('fewer scopes, another person on the second visit, two issuers', async () => {
    const app = await TestClient.of(simulator, 'consents', { partialConsent: ['read'], switchAccount: 'person-3' });
    const first = await app.connect();
    expect(first.scope).toBe('read');
    const who = async (token: string) =>
      (await fetch(`${app.url}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).json();
    expect(await who(first.access_token)).toMatchObject({ sub: 'person-1' });
    expect(await who((await app.connect()).access_token)).toMatchObject({ sub: 'person-3' });
    await app.control('PATCH', '', { iss: 'twice' });
    expect((await app.authorize()).searchParams.getAll('iss')).toEqual([app.url, app.url]);
  });

  it('a fresh token that is refused at first, a refusal that repeats the token', async () => {
    const app = await TestClient.of(simulator, 'late', { lagMs: 1000, echoSecret: true });
    const { access_token, refresh_token } = await app.connect();
    expect(await app.reads(access_token)).toBe(401);
    await travel(app, 1);
    expect(await app.reads(access_token)).toBe(200);
    await app.control('POST', 'revoke');
    expect((await app.refresh(refresh_token)).json['error_description']).toContain(refresh_token);
  });

  it('settings of one person over those of all', async () => {
    const app = await TestClient.of(simulator, 'personal', {
      people: { 'person-2': { accessTokenSeconds: 5, refresh: { rotate: 'always' } } },
    });
    expect(await app.connect()).toMatchObject({ expires_in: 3600 });
    await app.control('PATCH', '', { person: 'person-2' });
    const second = await app.connect();
    expect(second['expires_in']).toBe(5);
    expect((await app.refresh(second.refresh_token)).json.refresh_token).not.toBe(second.refresh_token);
  });

  it('an answer exactly as recorded, whatever was asked', async () => {
    const app = await TestClient.of(simulator, 'verbatim');
    const headers = { 'content-type': 'text/odd', 'x-trace': '1' };
    await app.control('POST', 'answers', { phase: 'refresh', status: 299, headers, body: '{odd', times: 1 });
    const answer = await raw(app, 'cnry_rt_nobody');
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([299, 'text/odd', '{odd']);
    await app.control('POST', 'answers', { phase: 'refresh', status: null });
    await expect(raw(app, 'cnry_rt_nobody')).rejects.toThrow();
    expect((await raw(app, 'cnry_rt_nobody')).status).toBe(400);
  });

  it('counters per grant', async () => {
    const app = await TestClient.of(simulator, 'counted', ROTATING);
    const first = await app.connect();
    await app.connect();
    await app.refresh(first.refresh_token);
    await app.refresh(first.refresh_token);
    await app.control('POST', 'revoke');
    await app.refresh(first.refresh_token);
    expect((await app.state()).grants).toMatchObject([
      {
        person: 'person-1',
        isDead: true,
        liveRefreshTokens: 0,
        deadRefreshTokens: 2,
        presentationsOfReplaced: 1,
        callsAfterDeath: 1,
      },
      {
        person: 'person-1',
        isDead: true,
        liveRefreshTokens: 0,
        deadRefreshTokens: 1,
        presentationsOfReplaced: 0,
        callsAfterDeath: 0,
      },
    ]);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  DUE,
  Installation,
  type Json,
  LIFE_SECONDS,
  LONG,
  Scene,
  SHORT,
  untilDue,
  untilOver,
} from './driver/index.js';

/** What a caller is told while a provider refuses or fails (`spec/refresh.md` §9), in bytes and headers. */
describe('an exchange whose provider does not refresh', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  /** A person whose stored token has just ended; reuse of a refresh token ends the grant. */
  const ended = async (): Promise<Scene> => {
    const refresh = { rotate: 'always', reuse: 'killGrant' };
    const scene = await Scene.create(installation, { provider: { ...SHORT, refresh } });
    await scene.connect();
    await scene.provider.change(LONG);
    await untilOver();
    return scene;
  };
  const shape = ({ status, headers, json }: Answer) => ({
    status,
    error: json['error'],
    retryAfter: Number(headers['retry-after'] ?? 0),
    challenge: headers['www-authenticate'] ?? null,
    store: headers['cache-control'],
  });
  const stored = async ({ person }: Scene): Promise<Json> => (await installation.tokensets(person.userId))[0]!;

  it('RE-04 and AD-05 says once and for all that the person took the grant back, and how to ask for it again', async () => {
    const scene = await ended();
    await scene.provider.revoke();
    const first = await scene.exchange();
    expect(shape(first)).toMatchObject({ status: 401, error: 'federated_connection_refresh_token_flow_failed' });
    expect(first.json['error_description']).toMatch(/connect again/);
    const asked = await scene.provider.refreshes();
    const next = await scene.exchange();
    expect([shape(next), next.text]).toEqual([shape(first), first.text]);
    expect(await scene.provider.refreshes()).toBe(asked);
    expect(await stored(scene)).toMatchObject({ status: 'reconnect_required', reason: 'revoked_or_expired' });
    expect(shape(first)).toMatchObject({ challenge: null, store: 'no-store', retryAfter: 0 });
    const [account] = await scene.accounts();
    expect(first.json['error_details']).toMatchObject({
      ...{ reason: 'reconnect_required', cause: 'revoked_or_expired', missing_scopes: [] },
      account: { id: account!['id'], login_hint: 'person-1' },
    });
    const hint = { connection: scene.connection.name, connected_account_id: account!['id'], scopes: ['read', 'write'] };
    expect(await scene.follow(first)).toEqual({ status: 201, hint });
  });

  it('RE-05 keeps the account through every kind of outage, and serves it once that is over', async () => {
    const faults: Json[] = [
      { status: 500 },
      { status: 503, retryAfter: 3 },
      { status: 429, retryAfter: 3 },
      { status: 502, html: '<h1>Sorry</h1>' },
      { status: 200, html: '<h1>Sorry</h1>' },
      { status: 503, body: { error: 'invalid_grant' } },
      { reset: 'before' },
      { status: 200, body: {} },
    ];
    const scenes = await Promise.all(faults.map(ended));
    const through = async (scene: Scene, fault: Json) => {
      await scene.provider.fault({ phase: 'refresh', times: null, ...fault });
      const told = shape(await scene.exchange());
      const during = await stored(scene);
      await scene.provider.mend();
      await sleep(told.retryAfter * 1_000);
      const after = await scene.exchange();
      const { liveGrants, presentationsOfReplaced } = await scene.provider.state();
      return { fault, told, during: during['status'], after: after.status, liveGrants, presentationsOfReplaced };
    };
    const outcomes = await Promise.all(scenes.map((scene, at) => through(scene, faults[at]!)));
    expect(outcomes).toEqual(
      faults.map((fault) => ({
        fault,
        told: {
          status: 503,
          error: 'temporarily_unavailable',
          retryAfter: expect.any(Number),
          challenge: null,
          store: 'no-store',
        },
        during: 'active',
        after: 200,
        liveGrants: 1,
        presentationsOfReplaced: 0,
      })),
    );
    for (const { told } of outcomes) expect([told.retryAfter >= 1, told.retryAfter <= 60]).toEqual([true, true]);
  });

  it('RE-05 tells the operator, not the person, that the provider refuses our client', async () => {
    const scene = await ended();
    await scene.provider.change({ clientSecret: 'cnry_cs_another' });
    const told = shape(await scene.exchange());
    expect(told).toEqual({ status: 502, error: 'server_error', retryAfter: 60, challenge: null, store: 'no-store' });
    expect(await stored(scene)).toMatchObject({ status: 'active', reason: null });
  });

  it('hands out what still lives while the provider is down, with the seconds that are left', async () => {
    const scene = await Scene.create(installation, { provider: { accessTokenSeconds: LIFE_SECONDS } });
    await scene.connect();
    await scene.provider.fault({ phase: 'refresh', times: null, status: 500 });
    await untilDue();
    const answer = await scene.exchange(DUE);
    expect([answer.status, await scene.provider.refreshes()]).toEqual([200, 1]);
    expect(answer.json['expires_in']).toBeLessThan(LIFE_SECONDS);
    expect(await scene.provider.owner(String(answer.json['access_token']))).not.toBeNull();
  });
});

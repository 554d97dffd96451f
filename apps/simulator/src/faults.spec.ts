import { TestClient } from '../test/client.js';
import type { Simulator } from './simulator.js';

describe('faults of the simulator', () => {
  let simulator: Simulator;
  beforeAll(async () => (simulator = await TestClient.start()));
  afterAll(() => simulator.close());

  it('answer in place of the provider, as often as ordered, and issue nothing', async () => {
    const app = await TestClient.of(simulator, 'status', { refresh: { rotate: 'always' } });
    const { refresh_token } = await app.connect();
    await app.control('POST', 'faults', { times: 2, status: 503, body: { error: 'busy' }, retryAfter: 7 });
    for (let i = 0; i < 2; i++) {
      const answer = await app.refresh(refresh_token);
      expect(answer).toMatchObject({ status: 503, json: { error: 'busy' } });
      expect(answer.headers.get('retry-after')).toBe('7');
    }
    expect((await app.refresh(refresh_token)).status).toBe(200);
    expect(await app.state()).toMatchObject({
      tokenRequests: { authorization_code: 1, refresh_token: 3 },
      committed: { authorization_code: 1, refresh_token: 1 },
    });
  });

  it('meet only the grant they are for', async () => {
    const app = await TestClient.of(simulator, 'grant-type');
    await app.control('POST', 'faults', { grantType: 'refresh_token', html: '<h1>Sign in</h1>', status: 200 });
    const { refresh_token } = await app.connect();
    await expect(app.refresh(refresh_token)).rejects.toThrow(/JSON/);
    expect((await app.refresh(refresh_token)).status).toBe(200);
  });

  it('cut the connection before anything happened', async () => {
    const app = await TestClient.of(simulator, 'cut', { refresh: { rotate: 'always' } });
    const { refresh_token } = await app.connect();
    await app.control('POST', 'faults', { reset: 'before' });
    await expect(app.refresh(refresh_token)).rejects.toThrow();
    expect((await app.control('POST', 'truth', { token: refresh_token })).json.alive).toBe(true);
  });

  it('cut the connection after the commit: the refresh token is replaced and nobody knows the new one', async () => {
    const app = await TestClient.of(simulator, 'lost', { refresh: { rotate: 'always' } });
    const { refresh_token } = await app.connect();
    await app.control('POST', 'faults', { reset: 'afterCommit', delayMsBeforeCommit: 5, delayMsAfterCommit: 5 });
    await expect(app.refresh(refresh_token)).rejects.toThrow();
    expect((await app.control('POST', 'truth', { token: refresh_token })).json.alive).toBe(false);
    expect(await app.state()).toMatchObject({ liveRefreshTokens: 1, committed: { refresh_token: 1 } });
  });

  it('let what has committed be seen while the answer is held back', async () => {
    const app = await TestClient.of(simulator, 'held');
    const { refresh_token } = await app.connect();
    await app.control('POST', 'faults', { delayMsAfterCommit: 300 });
    const pending = app.refresh(refresh_token);
    let state = await app.state();
    while (state.committed.refresh_token === 0) state = await app.state();
    expect((await pending).status).toBe(200);
  });

  it('leave no secret in the journal', async () => {
    const app = await TestClient.of(simulator, 'journal');
    const { refresh_token } = await app.connect();
    await app.refresh(refresh_token);
    const { journal } = await app.state();
    expect(journal.map(({ path }: { path: string }) => path)).toEqual([
      '/journal/authorize',
      '/journal/token',
      '/journal/token',
    ]);
    expect(JSON.stringify(journal)).not.toMatch(/cnry_|vvvvv/);
    const { secrets } = (await app.control('GET', 'secrets')).json;
    expect(secrets).toContain(refresh_token);
  });

  it('refuse what is misspelt', async () => {
    const app = await TestClient.of(simulator, 'strictness');
    expect((await app.control('POST', 'faults', { delay: 5 })).status).toBe(400);
    expect((await app.control('PATCH', '', { rotate: 'always' })).status).toBe(400);
    expect((await app.control('PATCH', '', { refresh: { rotate: 'always' } })).json.settings.refresh).toEqual({
      rotate: 'always',
      reuse: 'reject',
      graceSeconds: 0,
    });
    expect((await app.control('GET', 'nothing')).status).toBe(404);
  });
});

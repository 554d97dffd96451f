import { TestClient } from '../test/client.js';
import type { Simulator } from './simulator.js';

describe('refresh tokens of the simulator', () => {
  let simulator: Simulator;
  beforeAll(async () => (simulator = await TestClient.start()));
  afterAll(() => simulator.close());

  it('stay the same where they never rotate', async () => {
    const app = await TestClient.of(simulator, 'static');
    const { refresh_token } = await app.connect();
    const { json } = await app.refresh(refresh_token);
    expect(json.refresh_token).toBeUndefined();
    expect(json.access_token).toMatch(/^cnry_at_/);
    expect((await app.refresh(refresh_token)).status).toBe(200);
  });

  it('are replaced at every second refresh where rotation is optional', async () => {
    const app = await TestClient.of(simulator, 'optional', { refresh: { rotate: 'optional' } });
    const { refresh_token } = await app.connect();
    expect((await app.refresh(refresh_token)).json.refresh_token).toBeUndefined();
    expect((await app.refresh(refresh_token)).json.refresh_token).toMatch(/^cnry_rt_/);
  });

  it('are refused once replaced, and the new one lives', async () => {
    const app = await TestClient.of(simulator, 'reject', { refresh: { rotate: 'always' } });
    const { refresh_token } = await app.connect();
    const next = (await app.refresh(refresh_token)).json.refresh_token;
    expect(next).not.toBe(refresh_token);
    expect(await app.refresh(refresh_token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect((await app.refresh(next)).status).toBe(200);
    expect(await app.state()).toMatchObject({ presentationsOfReplaced: 1, liveRefreshTokens: 1, deadRefreshTokens: 2 });
  });

  it('end the whole grant when a replaced one comes again and reuse kills', async () => {
    const app = await TestClient.of(simulator, 'kill', { refresh: { rotate: 'always', reuse: 'killGrant' } });
    const { refresh_token } = await app.connect();
    const { json } = await app.refresh(refresh_token);
    expect((await app.refresh(refresh_token)).status).toBe(400);
    expect((await app.refresh(json.refresh_token)).status).toBe(400);
    expect(await app.reads(json.access_token)).toBe(401);
    expect(await app.state()).toMatchObject({ liveRefreshTokens: 0, callsAfterDeath: 1 });
  });

  it('work again for the seconds of grace, and not longer', async () => {
    const refresh = { rotate: 'always', reuse: 'grace', graceSeconds: 60 };
    const app = await TestClient.of(simulator, 'grace', { refresh });
    const { refresh_token } = await app.connect();
    await app.refresh(refresh_token);
    TestClient.elapsedMs += 59_000;
    const again = await app.refresh(refresh_token);
    expect(again).toMatchObject({ status: 200, json: { refresh_token: expect.stringMatching(/^cnry_rt_/) } });
    TestClient.elapsedMs += 2_000;
    expect((await app.refresh(refresh_token)).status).toBe(400);
    expect((await app.refresh(again.json.refresh_token)).status).toBe(200);
  });

  it('work for ever where reuse is tolerated', async () => {
    const app = await TestClient.of(simulator, 'tolerant', { refresh: { rotate: 'always', reuse: 'ok' } });
    const { refresh_token } = await app.connect();
    await app.refresh(refresh_token);
    expect((await app.refresh(refresh_token)).status).toBe(200);
    expect(await app.state()).toMatchObject({ presentationsOfReplaced: 1 });
  });

  it('can be narrowed and not widened', async () => {
    const app = await TestClient.of(simulator, 'narrow');
    const { refresh_token } = await app.connect();
    expect((await app.refresh(refresh_token, { scope: 'read' })).json.scope).toBe('read');
    expect((await app.refresh(refresh_token, { scope: 'read admin' })).json.error).toBe('invalid_scope');
    expect((await app.refresh(refresh_token)).json.scope).toBe('read write');
  });

  it('die with everything else when the person withdraws', async () => {
    const app = await TestClient.of(simulator, 'withdrawn');
    const mine = await app.connect();
    await app.control('PATCH', '', { person: 'person-2' });
    const other = await app.connect();
    await app.control('POST', 'revoke', { person: 'person-2' });
    expect(await app.reads(mine.access_token)).toBe(200);
    expect(await app.reads(other.access_token)).toBe(401);
    await app.control('POST', 'revoke');
    for (const { access_token, refresh_token } of [mine, other]) {
      expect(await app.reads(access_token)).toBe(401);
      expect((await app.refresh(refresh_token)).json.error).toBe('invalid_grant');
    }
  });
});

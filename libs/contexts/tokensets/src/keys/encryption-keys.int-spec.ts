import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from '../../test/bench.js';

interface Key {
  kid: string;
  context: string;
  state: string;
  created_at: string;
  sealed: number;
  remaining: number;
  progress: number;
}

describe('encryption keys over the Management API', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  const call = async (method: 'GET' | 'POST', path = '', scopes = 'read:encryption_keys update:encryption_keys') => {
    const headers = { authorization: `Bearer ${scopes}` };
    const answer = await bench.app.inject({ method, url: `/api/v2/keys/encryption${path}`, headers });
    return { status: answer.statusCode, body: answer.body === '' ? null : answer.json<unknown>() };
  };
  const keys = async () => (await call('GET')).body as Key[];
  const until = async (is: (keys: Key[]) => boolean): Promise<Key[]> => {
    for (;;) {
      const now = await keys();
      if (is(now)) return now;
      await sleep(100);
    }
  };
  const said = () => bench.events({ tokensetId: 'tokensets' });

  it('MG-29 are for who holds the scope', async () => {
    expect((await call('GET', '', 'update:encryption_keys')).status).toBe(403);
    expect((await call('POST', '/rekey', 'read:encryption_keys')).status).toBe(403);
    expect(await keys()).toHaveLength(1);
  });

  it('LI-03 are listed in the shape that auth0 5 to 7 ask for, to an empty page at the end', async () => {
    const [key] = await keys();
    const page = async (page: number) => (await call('GET', `?page=${page}&per_page=50&include_totals=true`)).body;
    expect(await page(0)).toEqual({ keys: [key], start: 0, limit: 50, total: 1 });
    expect(await page(1)).toEqual({ keys: [], start: 50, limit: 50, total: 1 });
    expect(await call('GET', '?take=5')).toMatchObject({ status: 400 });
  });

  it('MG-28 move everything to a new key, step by step, and everything opens afterwards', async () => {
    const accounts = [await bench.connected(), await bench.connected(), await bench.connected()];
    const [before] = await keys();
    expect(before).toEqual({
      kid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      context: 'tokensets',
      state: 'primary',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      sealed: expect.any(Number) as number,
      remaining: 4,
      progress: 0,
    });
    expect(await call('POST', '/rekey')).toEqual({ status: 204, body: null });
    expect(await call('POST', '/rekey')).toMatchObject({ status: 409, body: { errorCode: 'rotation_running' } });

    const after = await until((all) => all.some(({ state }) => state === 'retired'));
    expect(after.map(({ state, remaining }) => [state, remaining])).toEqual([
      ['retired', 0],
      ['primary', 4],
    ]);
    for (const account of accounts) expect((await bench.token(account))?.accessToken).toMatch(/^cnry_/);

    const steps = await said();
    expect(steps.map(({ sequence, data }) => [sequence, data['step'], data['actor']])).toEqual([
      [1, 'created', { kind: 'client', id: 'm2m' }],
      [2, 'promoted', { kind: 'system' }],
      [3, 'retired', { kind: 'system' }],
    ]);
    expect(steps.at(-1)!.data).toMatchObject({ context: 'tokensets', primaryKeyId: after[1]!.kid });
  });
});

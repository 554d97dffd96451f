import { Bench } from '../../test/bench.js';

type Account = Awaited<ReturnType<Bench['connected']>>;

describe('a forced refresh', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000, refreshTimeoutMs: 15_000 });
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.provider.before = () => undefined;
    bench.provider.isOffline = true;
    bench.provider.calls.length = 0;
  });

  const call = (account: Account, { method = 'POST', path = '/refresh', scope = SCOPE, tokensetId = '' } = {}) => {
    const { userId } = bench.people.known.get(account.personId)!;
    const tokensets = `/api/v2/users/${encodeURIComponent(userId)}/federated-connections-tokensets`;
    return bench.app.inject({
      method: method as 'POST',
      url: path === '' ? tokensets : `${tokensets}/${tokensetId || account.tokensetId}${path}`,
      headers: { authorization: `Bearer ${scope}` },
    });
  };
  const SCOPE = 'update:federated_connections_tokens';
  const body = (answer: { body: string }) => JSON.parse(answer.body) as Record<string, unknown>;

  it('27 brings new tokens whatever the old ones have left, and answers as the list does', async () => {
    const account = await bench.connected();
    const answer = await call(account);
    expect(answer.statusCode).toBe(200);
    const list = await call(account, { method: 'GET', path: '', scope: 'read:federated_connections_tokens' });
    expect([body(answer)]).toEqual(JSON.parse(list.body));
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect((await bench.events(account)).at(-1)).toMatchObject({ data: { cause: 'forced' } });
    expect((await bench.token(account))?.refreshed).toBe(false);
  });

  it('27 is made once a minute: 429 says when, and nothing is sent', async () => {
    const account = await bench.connected();
    const answers = await Promise.all([call(account), call(account), call(account)]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 429, 429]);
    const refused = answers.find(({ statusCode }) => statusCode === 429)!;
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(bench.provider.refreshes).toHaveLength(1);
    await bench.sql.query(`UPDATE tokensets SET forced_at = forced_at - interval '61 seconds'`);
    expect((await call(account)).statusCode).toBe(200);
  });

  it('needs its scope', async () => {
    const account = await bench.connected();
    expect((await call(account, { scope: 'read:federated_connections_tokens' })).statusCode).toBe(403);
    expect(bench.provider.refreshes).toHaveLength(0);
  });

  it('of an id that is none, of nobody, or of another person is not made', async () => {
    const [account, other] = [await bench.connected(), await bench.connected()];
    expect((await call(account, { tokensetId: 'x'.repeat(37) })).statusCode).toBe(400);
    expect((await call(account, { tokensetId: 'none' })).statusCode).toBe(404);
    expect((await call(account, { tokensetId: other.tokensetId })).statusCode).toBe(404);
    expect(bench.provider.refreshes).toHaveLength(0);
  });

  it('says that the provider is down, and that nothing is lost', async () => {
    const account = await bench.connected();
    bench.provider.before = () => ({ status: 503, body: {}, headers: { 'retry-after': '20' } });
    const answer = await call(account);
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(15);
    expect(body(answer)).toMatchObject({ errorCode: 'temporarily_unavailable' });
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 1 });
  });

  it('says to come again when it will be let in again, though the provider may be back sooner', async () => {
    const account = await bench.connected();
    bench.provider.before = () => ({ status: 500, body: {} });
    expect((await call(account)).headers['retry-after']).toBe('60');
    const again = await call(account);
    expect([again.statusCode, Number(again.headers['retry-after']) > 50]).toEqual([429, true]);
  });

  it('is made again at once where nothing was sent', async () => {
    const account = await bench.connected();
    const away = () => Promise.reject(new Error('connections is away'));
    Object.assign(bench.directory, { byId: away });
    expect((await call(account)).statusCode).toBeGreaterThanOrEqual(500);
    Reflect.deleteProperty(bench.directory, 'byId');
    expect((await call(account)).statusCode).toBe(200);
  });

  it('says that only the person can help', async () => {
    const account = await bench.connected();
    bench.provider.before = () => ({ status: 400, body: { error: 'invalid_grant' } });
    expect(body(await call(account))).toMatchObject({ statusCode: 409, errorCode: 'revoked_or_expired' });
    expect(body(await call(account))).toMatchObject({ statusCode: 409, errorCode: 'revoked_or_expired' });
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('says that there is no refresh token', async () => {
    bench.provider.isOffline = false;
    const account = await bench.connected();
    expect(body(await call(account))).toMatchObject({ statusCode: 409, errorCode: 'no_refresh_token' });
  });

  it('3 of a strict token in doubt waits its ten minutes too, and is not called done', async () => {
    const account = await bench.connected();
    await bench.sql.query(
      `INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id)
       SELECT gen_random_uuid(), $1, 1, 0, 'unknown', 'on_demand', 'strict', gen_random_uuid(), gen_random_uuid()
       FROM generate_series(1, 2)`,
      [account.tokensetId],
    );
    const answer = await call(account);
    expect(body(answer)).toMatchObject({ statusCode: 503, errorCode: 'temporarily_unavailable' });
    expect(answer.headers['retry-after']).toBe('60');
    expect(bench.provider.refreshes).toEqual([]);
  });

  it('M3 of one whose connection has moved to another host sends nothing, and says so', async () => {
    const account = await bench.connected();
    await bench.sql.query(`UPDATE tokensets SET token_origin = 'https://before.example' WHERE id = $1`, [
      account.tokensetId,
    ]);
    expect(body(await call(account))).toMatchObject({ statusCode: 409, errorCode: 'endpoint_changed' });
    expect(bench.provider.refreshes).toEqual([]);
  });

  it('says that the connection is misconfigured', async () => {
    const account = await bench.connected();
    bench.provider.before = () => ({ status: 401, body: { error: 'invalid_client' } });
    expect((await call(account)).statusCode).toBe(502);
    expect(await bench.row(account)).toMatchObject({ status: 'active' });
  });
});

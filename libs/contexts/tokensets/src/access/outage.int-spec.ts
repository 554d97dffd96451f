import { setTimeout as sleep } from 'node:timers/promises';
import { Bench, refusal } from '../../test/bench.js';
import type { Answer } from '../../test/provider.js';
import { RefreshLimits } from '../limits/refresh-limits.js';
import type { TokensetsOptions } from '../tokensets.options.js';

const TOLERANT = { refresh: { mode: 'rotating', reuse: 'tolerated' } };
type Account = Awaited<ReturnType<Bench['connected']>>;

/** Of one line of the answer to whoever scrapes. */
const valueOf = (text: string, metric: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${metric} `))
      ?.split(' ')
      .at(-1) ?? NaN,
  );

describe('a provider that is down', () => {
  let bench: Bench;
  const boot = async (more: Partial<TokensetsOptions> = {}) => {
    await bench.app.close();
    await bench.boot({ refreshWaitMs: 1_000, ...more });
  };
  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 1_000 });
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.provider.before = () => undefined;
    bench.provider.calls.length = 0;
  });

  const down = (answer: Answer) => (bench.provider.before = () => answer);
  const unavailable = { code: 'temporarily_unavailable', status: 503, details: { reason: 'provider_unavailable' } };
  const another = async ({ connectionId }: Account): Promise<Account> => {
    const personId = bench.person();
    bench.provider.subject = `upstream-${personId}`;
    return { personId, connectionId, ...(await bench.vault.redeem(await bench.redeemRequest(personId, connectionId))) };
  };

  it('8 has a living token served, with its true life, and is counted', async () => {
    const account = await bench.connected(TOLERANT);
    await bench.expire(account, -20);
    down({ status: 500, body: {} });
    for (let round = 0; round < 3; round += 1) {
      const token = await bench.token(account);
      expect(token).toMatchObject({ refreshed: false });
      expect(token!.expiresIn).toBeGreaterThan(10);
      expect(token!.expiresIn).toBeLessThanOrEqual(20);
    }
    const text = await bench.metrics();
    expect(valueOf(text, `strongroom_served_stale_total{connection="${account.connectionId}"}`)).toBe(3);
    expect(text).toMatch(/strongroom_refresh_wait_seconds_count\{result="served_stale"\} [1-3]/);
  });

  it.each<[string, Answer]>([
    ['500', { status: 500, body: { error: 'invalid_grant' } }],
    ['429 without a time', { status: 429, body: {} }],
    ['a reset', 'reset'],
    ['a page', { status: 200, body: '<html>maintenance</html>' }],
  ])(
    '8 never ends in a reconnect, however long it answers with %s',
    async (_name, answer) => {
      const account = await bench.connected(TOLERANT);
      await bench.expire(account);
      down(answer);
      for (let day = 0; day < 30; day += 1) {
        await bench.cooled(account);
        await bench.sql.query(`UPDATE tokensets SET failing_since = failing_since - interval '1 day' WHERE id = $1`, [
          account.tokensetId,
        ]);
        expect(await refusal(bench.token(account))).toMatchObject({ status: 503 });
      }
      expect(await bench.row(account)).toMatchObject({ status: 'active', reason: null });
      bench.provider.before = () => undefined;
      await boot({ refreshWaitMs: 20_000 }); // this one call has to come to its end
      await bench.cooled(account);
      expect((await bench.token(account))?.refreshed).toBe(true);
      await boot();
    },
    300_000,
  );

  it('9 stops being asked: half of twenty calls failed, thirty seconds nobody, then one', async () => {
    // However long this machine takes: nobody's patience ends, and nobody asks twice.
    await boot({ refreshWaitMs: 20_000 });
    const first = await bench.connected(TOLERANT);
    const accounts = [first];
    for (let i = 0; i < 24; i += 1) accounts.push(await another(first));
    for (const one of accounts) await bench.expire(one);
    // To the breaker it is all one moment, in which what was connected before is forgotten.
    const moment = performance.now() + 60_000;
    bench.app.get(RefreshLimits).now = () => moment;
    down({ status: 500, body: {}, headers: { 'retry-after': '300' } });
    for (const one of accounts.slice(0, 20)) expect(await refusal(bench.token(one))).toMatchObject(unavailable);
    const refused = await refusal(bench.token(accounts[20]!));
    expect(refused).toMatchObject({ ...unavailable, retryAfter: expect.any(Number) });
    expect((refused as { retryAfter?: number }).retryAfter).toBeLessThanOrEqual(60);
    expect(bench.provider.refreshes).toHaveLength(20);
    expect(valueOf(await bench.metrics(), `strongroom_refresh_breaker_state{connection="${first.connectionId}"}`)).toBe(
      3,
    );
    // The others' tokens live on, and other connections go on.
    await bench.expire(accounts[21]!, -20);
    expect((await bench.token(accounts[21]!))?.refreshed).toBe(false);
    bench.provider.before = () => undefined;
    const elsewhere = await bench.connected(TOLERANT);
    await bench.expire(elsewhere);
    expect((await bench.token(elsewhere))?.refreshed).toBe(true);
    bench.later();
    expect((await bench.token(accounts[22]!))?.refreshed).toBe(true);
    expect(valueOf(await bench.metrics(), `strongroom_refresh_breaker_state{connection="${first.connectionId}"}`)).toBe(
      0,
    );
  });

  it('5 stops the calls of a connection that is asked to wait, and of no other', async () => {
    await boot({ refreshWaitMs: 20_000 });
    const first = await bench.connected(TOLERANT);
    const [second, elsewhere] = [await another(first), await bench.connected(TOLERANT)];
    for (const one of [first, second, elsewhere]) await bench.expire(one);
    down({ status: 429, body: {}, headers: { 'retry-after': '40' } });
    await refusal(bench.token(first));
    bench.provider.before = () => undefined;
    const refused = await refusal(bench.token(second));
    expect(refused).toMatchObject(unavailable);
    expect((refused as { retryAfter?: number }).retryAfter).toBeGreaterThan(30);
    expect((await bench.token(elsewhere))?.refreshed).toBe(true);
    bench.later();
    expect((await bench.token(second))?.refreshed).toBe(true);
  });

  it('19 that refuses our client is asked by one a minute: 502 for the others, and no tokenset changes', async () => {
    await boot({ refreshWaitMs: 20_000 });
    const first = await bench.connected(TOLERANT);
    const second = await another(first);
    for (const one of [first, second]) await bench.expire(one);
    down({ status: 401, body: { error: 'invalid_client' } });
    const misconfigured = {
      code: 'server_error',
      status: 502,
      retryAfter: 60,
      details: { reason: 'connection_misconfigured' },
    };
    for (const one of [first, second]) expect(await refusal(bench.token(one))).toMatchObject(misconfigured);
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.row(second)).toMatchObject({ status: 'active', failures: 0, next_attempt_at: null });
    await bench.expire(second, -20);
    expect((await bench.token(second))?.refreshed).toBe(false);
    bench.provider.before = () => undefined;
    await bench.expire(second);
    bench.later();
    expect((await bench.token(second))?.refreshed).toBe(true);
  });

  it('4.4 an empty budget keeps callers waiting to their deadline: a living token is served, else 503', async () => {
    const first = await bench.connected(TOLERANT);
    const [dead, living] = [await another(first), await another(first)];
    await boot({ refreshBudget: { perSecond: 0.001, burst: 1, inFlight: 1 }, refreshWaitMs: 5_000 });
    for (const one of [first, dead]) await bench.expire(one);
    await bench.expire(living, -25);
    expect((await bench.token(first))?.refreshed).toBe(true);
    const [refused, served] = await Promise.all([refusal(bench.token(dead)), bench.token(living)]);
    expect(refused).toMatchObject(unavailable);
    expect((refused as { retryAfter?: number }).retryAfter).toBeLessThanOrEqual(60);
    expect(served).toMatchObject({ refreshed: false });
    expect(served!.expiresIn).toBeGreaterThan(10);
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.row(dead)).toMatchObject({ status: 'active', failures: 0, next_attempt_at: null });
    await boot();
  });

  it('9 a slow one is left to go on: 503 in progress, then served from the store', async () => {
    const account = await bench.connected(TOLERANT);
    await bench.expire(account);
    let goOn = (): void => undefined;
    const told = new Promise<void>((settle) => (goOn = settle));
    bench.provider.before = async () => void (await told);
    expect(await refusal(bench.token(account))).toMatchObject({
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'refresh_in_progress' },
    });
    goOn();
    while ((await bench.row(account))!.cred_version === 1) await sleep(20);
    expect((await bench.token(account))?.refreshed).toBe(false);
    const text = await bench.metrics();
    expect(valueOf(text, 'strongroom_refresh_wait_seconds_count{result="in_progress"}')).toBe(1);
    expect(valueOf(text, `strongroom_refresh_duration_seconds_count{connection="${account.connectionId}"}`)).toBe(1);
    const attempts = `strongroom_refresh_attempts_total{connection="${account.connectionId}",kind="on_demand",class="ok"}`;
    expect(valueOf(text, attempts)).toBe(1);
  });

  it('11 is seen by whoever scrapes, in numbers that name nobody', async () => {
    const account = await bench.connected(TOLERANT);
    await bench.expire(account);
    down('reset');
    await refusal(bench.token(account));
    const text = await bench.metrics();
    expect(text).toMatch(/strongroom_tokensets\{status="active",reason=""\} [1-9]/);
    expect(text).toMatch(/strongroom_refresh_in_doubt\{class="repeatable"\} [1-9]/);
    expect(text).toMatch(/strongroom_refresh_in_doubt\{class="strict"\} 0/);
    expect(text).toMatch(/strongroom_key_seals_total\{context="tokensets",kind="[\w-]+"\} [1-9]/);
    const people = [...bench.people.known.keys()];
    const { rows } = await bench.sql.query<{ id: string; account_id: string; provider_subject: string }>(
      'SELECT id, account_id, provider_subject FROM tokensets',
    );
    for (const row of rows) people.push(row.id, row.account_id, row.provider_subject);
    for (const one of [...people, 'cnry_', '@example.com', 'http']) expect(text).not.toContain(one);
  });
});

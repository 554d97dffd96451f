import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from '../../test/bench.js';
import { UsageMarks } from '../access/usage-marks.js';
import { Housekeeping } from '../housekeeping.js';
import { AheadOfTime } from './ahead-of-time.js';

const TOLERANT = { refresh: { mode: 'rotating', reuse: 'tolerated' } };
type Account = Awaited<ReturnType<Bench['connected']>>;

describe('a refresh ahead of time', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000, refreshTimeoutMs: 15_000 });
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.provider.before = () => undefined;
    bench.provider.calls.length = 0;
  });

  /** So much of an hour's life is over. */
  const aged = ({ tokensetId }: Account, part: number) =>
    bench.sql.query(
      `UPDATE tokensets SET access_issued_at = clock_timestamp() - make_interval(secs => 3600 * $2::float8),
         access_expires_at = clock_timestamp() + make_interval(secs => 3600 * (1 - $2::float8)) WHERE id = $1`,
      [tokensetId, part],
    );
  const idle = ({ tokensetId }: Account, seconds: number) =>
    bench.sql.query(
      `UPDATE tokensets SET access_issued_at = clock_timestamp() - make_interval(secs => $2),
         access_expires_at = clock_timestamp() + interval '10 days' WHERE id = $1`,
      [tokensetId, seconds],
    );
  const set = ({ tokensetId }: Account, what: string) =>
    bench.sql.query(`UPDATE tokensets SET ${what} WHERE id = $1`, [tokensetId]);
  const kinds = async ({ tokensetId }: Account) =>
    (
      await bench.sql.query<{ kind: string; state: string }>(
        'SELECT kind, state FROM refresh_attempts WHERE tokenset_id = $1 ORDER BY sent_at',
        [tokensetId],
      )
    ).rows.map(({ kind, state }) => `${kind} ${state}`);
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await sleep(10);
  };
  /** One that is due is read after whatever came before it, and waited for. */
  const anotherCame = async () => {
    const due = await bench.connected(TOLERANT);
    await aged(due, 0.95);
    await bench.token(due);
    await until(async () => (await bench.row(due))!.cred_version === 2);
  };
  const sweep = () => bench.app.get(AheadOfTime).sweep();
  const keptFresh =
    (settings: Record<string, unknown> = TOLERANT) =>
    async () => {
      const account = await bench.connected(settings);
      const view = bench.directory.views.get(account.connectionId)!;
      bench.directory.views.set(account.connectionId, { ...view, options: { ...view.options, keep_fresh: true } });
      return account;
    };

  it('4.3 comes with a read past the early point, which is answered from the store', async () => {
    const account = await bench.connected(TOLERANT);
    await aged(account, 0.95);
    expect(await bench.token(account)).toMatchObject({ refreshed: false });
    await until(async () => (await bench.row(account))!.cred_version === 2);
    expect(await kinds(account)).toEqual(['early committed']);
    expect((await bench.events(account)).at(-1)).toMatchObject({ data: { cause: 'early' } });
  });

  it('4.3 does not come with a read before it, and comes at a moment of each id between 70 and 90 %', async () => {
    const account = await bench.connected(TOLERANT);
    // So many that they do not all have the same moment by chance.
    for (let others = 0; others < 4; others += 1) await bench.connected(TOLERANT);
    await aged(account, 0.69);
    await bench.token(account);
    const { rows } = await bench.sql.query<{ part: number }>(
      `SELECT (extract(epoch FROM early_at - access_issued_at)
         / extract(epoch FROM access_expires_at - access_issued_at))::float8 AS part FROM tokensets`,
    );
    for (const { part } of rows) expect(part).toBeGreaterThanOrEqual(0.7 - 1e-6);
    for (const { part } of rows) expect(part).toBeLessThanOrEqual(0.9 + 1e-6);
    expect(new Set(rows.map(({ part }) => part.toFixed(4))).size).toBeGreaterThan(1);
    await anotherCame();
    expect(await kinds(account)).toEqual([]);
  });

  it('3 does not come where a refresh takes the token from those who hold it', async () => {
    const settings = { refresh: { ...TOLERANT.refresh, invalidatesAccessToken: true } };
    const [account, kept] = [await bench.connected(settings), await keptFresh(settings)()];
    for (const one of [account, kept]) await aged(one, 0.95);
    await bench.token(account);
    await sweep();
    await anotherCame();
    expect([await kinds(account), await kinds(kept)]).toEqual([[], []]);
  });

  it('4.3 does not come for somebody who was away for a month', async () => {
    const account = await bench.connected(TOLERANT);
    await aged(account, 0.95);
    await set(account, `connected_at = now() - interval '60 days', last_used_at = now() - interval '31 days'`);
    await bench.token(account);
    await anotherCame();
    expect(await kinds(account)).toEqual([]);
  });

  it('4.3 that fails leaves the token in use, and waits as long as the row says', async () => {
    const account = await bench.connected(TOLERANT);
    await aged(account, 0.95);
    bench.provider.before = () => ({ status: 503, body: {}, headers: { 'retry-after': '30' } });
    await bench.token(account);
    await until(async () => (await bench.row(account))!.failures === 1);
    for (let i = 0; i < 3; i += 1) expect((await bench.token(account))?.refreshed).toBe(false);
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.row(account)).toMatchObject({ status: 'active' });
  });

  it('24 comes without a caller where the connection is kept fresh, past the early point alone', async () => {
    const [due, young, other] = [await keptFresh()(), await keptFresh()(), await bench.connected(TOLERANT)];
    await aged(due, 0.95);
    await aged(young, 0.5);
    await aged(other, 0.95);
    await sweep();
    expect(await kinds(due)).toEqual(['keep_fresh committed']);
    expect([await kinds(young), await kinds(other)]).toEqual([[], []]);
  });

  it('24 comes once for each of many, whatever number of processes look', async () => {
    const account = await keptFresh()();
    const { tokensetId: first, connectionId } = account;
    const others: Account[] = [];
    for (let i = 0; i < 50; i += 1) {
      const personId = bench.person();
      bench.provider.subject = `upstream-many-${i}`;
      const redeemed = await bench.vault.redeem(await bench.redeemRequest(personId, connectionId));
      others.push({ personId, connectionId, ...redeemed });
    }
    expect(first).toBeTruthy();
    for (const one of [account, ...others]) await aged(one, 0.95);
    await Promise.all([sweep(), sweep()]);
    for (const one of [account, ...others]) expect(await kinds(one)).toEqual(['keep_fresh committed']);
  });

  it('24 comes for those behind many whose connection has moved to another host', async () => {
    const account = await keptFresh()();
    await bench.sql.query(
      `INSERT INTO tokensets (id, person_id, account_id, connection_id, provider_subject, token_origin, scopes_asked,
         scopes_granted, status, cred_version, event_version, key_id, refresh_sealed, access_issued_at, access_expires_at)
       SELECT id || n, gen_random_uuid(), account_id || n, connection_id, provider_subject || n, 'https://before.example',
         scopes_asked, scopes_granted, status, cred_version, event_version, key_id, refresh_sealed,
         access_issued_at - interval '10 hours', access_expires_at - interval '10 hours'
       FROM tokensets, generate_series(1, 50) n WHERE id = $1`,
      [account.tokensetId],
    );
    await aged(account, 0.95);
    await sweep();
    expect(await kinds(account)).toEqual(['keep_fresh committed']);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('25 keeps what is idle alive, in the last fifth of its time', async () => {
    const settings = { refresh: { ...TOLERANT.refresh, keepAliveSeconds: 1_000_000 } };
    const [young, due] = [await bench.connected(settings), await bench.connected(settings)];
    // Each id has its own moment there.
    const moment = async ({ tokensetId }: Account) => {
      const { rows } = await bench.sql.query<{ spread: number }>('SELECT spread FROM tokensets WHERE id = $1', [
        tokensetId,
      ]);
      return 1_000_000 * (0.8 + 0.2 * rows[0]!.spread);
    };
    await idle(young, (await moment(young)) - 600);
    await idle(due, (await moment(due)) + 600);
    await sweep();
    expect(await kinds(young)).toEqual([]);
    expect(await kinds(due)).toEqual(['keep_alive committed']);
  });

  it('25 is no use: what nobody used for a year is deleted, and says why', async () => {
    const settings = { refresh: { ...TOLERANT.refresh, keepAliveSeconds: 1_000_000 } };
    const [unused, used, again] = [
      await bench.connected(settings),
      await bench.connected(settings),
      await bench.connected(settings),
    ];
    for (const one of [unused, used, again])
      await set(one, `connected_at = now() - interval '366 days', created_at = now() - interval '900 days'`);
    await set(used, `last_used_at = now() - interval '364 days'`);
    await set(again, `last_used_at = now() - interval '700 days', connected_at = now() - interval '1 day'`);
    await bench.app.get(Housekeeping).sweep();
    expect(await bench.row(unused)).toBeUndefined();
    expect((await bench.events(unused)).at(-1)).toMatchObject({
      type: 'strongroom.tokenset.deleted.v1',
      data: { reason: 'unused', actor: { kind: 'system' } },
    });
    for (const one of [used, again]) expect(await bench.row(one)).toMatchObject({ status: 'active' });
  });

  it('25 deletes what is past its own known end, once its access token has ended too', async () => {
    const [ended, living, open] = [await bench.connected(), await bench.connected(), await bench.connected()];
    for (const one of [ended, living]) await set(one, `refresh_expires_at = now() - interval '1 minute'`);
    for (const one of [ended, open]) await bench.expire(one);
    await bench.app.get(Housekeeping).sweep();
    expect(await bench.row(ended)).toBeUndefined();
    expect((await bench.events(ended)).at(-1)).toMatchObject({ data: { reason: 'expired' } });
    expect(await bench.row(living)).toBeDefined();
    expect(await bench.row(open)).toBeDefined();
  });

  it('25 does not delete what ended in doubt: the answer that is missing may bring a later end', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    await set(account, `refresh_expires_at = now() - interval '1 minute'`);
    await bench.sql.query(
      `INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id)
       VALUES (gen_random_uuid(), $1, 1, 1, 'unknown', 'on_demand', 'strict', gen_random_uuid(), gen_random_uuid())`,
      [account.tokensetId],
    );
    await bench.app.get(Housekeeping).sweep();
    expect(await bench.row(account)).toMatchObject({ status: 'active' });
    await bench.sql.query(`UPDATE refresh_attempts SET state = 'rejected' WHERE tokenset_id = $1`, [
      account.tokensetId,
    ]);
    await bench.app.get(Housekeeping).sweep();
    expect(await bench.row(account)).toBeUndefined();
  });

  it('MG-02 moves last_used_at with the first use of a day and with no other', async () => {
    const account = await bench.connected();
    const used = async () => {
      await bench.token(account);
      await bench.app.get(UsageMarks).flush();
      const { rows } = await bench.sql.query<{ at: Date }>('SELECT last_used_at AS at FROM tokensets WHERE id = $1', [
        account.tokensetId,
      ]);
      return rows[0]!.at.getTime();
    };
    const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
    let [before, first] = [await used(), await used()];
    if (dayOf(before) !== dayOf(first)) [before, first] = [first, await used()]; // midnight came between the two
    expect(first).toBe(before);
    await set(account, `last_used_at = last_used_at - interval '1 day'`);
    expect(await used()).toBeGreaterThanOrEqual(first);
  });
});

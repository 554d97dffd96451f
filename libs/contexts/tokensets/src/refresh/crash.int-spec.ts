import { randomUUID } from 'node:crypto';
import { Bench, refusal } from '../../test/bench.js';

const GRACE = { refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 60 } };

/** What `kill -9` leaves behind while a request is under way: a lease and an attempt that nobody will ever settle. */
async function killedDuringRefresh(
  bench: Bench,
  tokensetId: string,
  of: { rotation: string; bootId: string; node?: string },
) {
  const node = of.node ?? (await bench.sql.query<{ id: string }>('SELECT id FROM installation')).rows[0]!.id;
  const seconds = of.rotation === 'strict' ? 45 : 5;
  await bench.sql.query(
    `UPDATE tokensets SET fence = fence + 1, lease_owner = $2,
       lease_until = clock_timestamp() + make_interval(secs => $3) WHERE id = $1`,
    [tokensetId, of.bootId, seconds],
  );
  await bench.sql.query(
    `INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id, grace_until)
     SELECT gen_random_uuid(), id, cred_version, fence, 'sent', 'on_demand', $2, $3, $4,
       CASE WHEN $2 = 'grace' THEN clock_timestamp() + interval '60 seconds' END FROM tokensets WHERE id = $1`,
    [tokensetId, of.rotation, node, of.bootId],
  );
}

/** The provider has acted on a request whose answer nobody read. */
async function rotatedUnheard(bench: Bench): Promise<void> {
  const refreshToken = `cnry_rt_${bench.provider.newest}`;
  await fetch(`${bench.provider.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  bench.provider.calls.length = 0;
}

describe('after a kill during a refresh', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000, refreshTimeoutMs: 5_000 });
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.provider.graceMs = 60_000;
    bench.provider.calls.length = 0;
  });

  it('the next exchange after the restart succeeds at a provider with grace, at once', async () => {
    const account = await bench.connected(GRACE);
    await bench.expire(account);
    await rotatedUnheard(bench);
    await bench.app.close();
    await killedDuringRefresh(bench, account.tokensetId, { rotation: 'grace', bootId: randomUUID() });
    await bench.boot();
    // nobody has to wait for a process that is known to be dead
    expect((await bench.row(account))?.lease_until).toBeNull();
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['unknown', 'committed']);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('a waiting exchange goes on when the lease of a dead node ends', async () => {
    const account = await bench.connected(GRACE);
    await bench.expire(account);
    const elsewhere = { rotation: 'grace', bootId: randomUUID(), node: randomUUID() };
    await killedDuringRefresh(bench, account.tokensetId, elsewhere);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('a strict attempt of this node is sent once more as soon as the node is back', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    await bench.app.close();
    await killedDuringRefresh(bench, account.tokensetId, { rotation: 'strict', bootId: randomUUID() });
    await bench.boot();
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['unknown', 'committed']);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('a strict attempt of another node that lives is not taken over', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    const other = { rotation: 'strict', bootId: randomUUID(), node: randomUUID() };
    await killedDuringRefresh(bench, account.tokensetId, other);
    await bench.sql.query('UPDATE tokensets SET lease_until = clock_timestamp() WHERE id = $1', [account.tokensetId]);
    await bench.sql.query('INSERT INTO nodes VALUES ($1, $2, clock_timestamp())', [other.node, other.bootId]);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 503, details: { retry_after: 30 } });
    expect(bench.provider.refreshes).toHaveLength(0);
    await bench.sql.query('UPDATE nodes SET boot_id = $2 WHERE node = $1', [other.node, randomUUID()]);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('a strict provider that refuses the repeated token is said to have lost the rotation', async () => {
    bench.provider.graceMs = 0;
    const account = await bench.connected();
    await bench.expire(account);
    await rotatedUnheard(bench);
    await killedDuringRefresh(bench, account.tokensetId, { rotation: 'strict', bootId: randomUUID() });
    await bench.sql.query('UPDATE tokensets SET lease_until = clock_timestamp() WHERE id = $1', [account.tokensetId]);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'lost_rotation' } });
  });
});

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench, refusal } from '../../test/bench.js';
import { RefreshLimits } from '../limits/refresh-limits.js';
import { NodeRegistry } from './node-registry.js';
import { RecoverySweeper } from './recovery-sweeper.js';

const GRACE = { refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 60 } };
const TOLERANT = { refresh: { reuse: 'tolerated' } };
const STRICT = {};

describe('the sweep', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000, refreshTimeoutMs: 15_000, strictTakeoverSeconds: 2 });
  });
  afterAll(() => bench.stop());
  beforeEach(async () => {
    await bench.sql.query('UPDATE refresh_attempts SET is_open = false');
    bench.provider.graceMs = 60_000;
    bench.provider.before = () => undefined;
    bench.provider.after = () => undefined;
    bench.provider.calls.length = 0;
  });

  /** An attempt of another process whose lease is over, as a kill leaves it. */
  async function left(settings: object, of: { state?: string; node?: string; bootId?: string } = {}) {
    const account = await bench.connected(settings as Record<string, unknown>);
    const rotation = settings === GRACE ? 'grace' : settings === TOLERANT ? 'repeatable' : 'strict';
    const { state = 'sent', node = randomUUID(), bootId = randomUUID() } = of;
    await bench.sql.query(
      `INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id, grace_until)
       SELECT gen_random_uuid(), id, cred_version, fence, $5, 'on_demand', $2, $3, $4,
         CASE WHEN $2 = 'grace' THEN clock_timestamp() + interval '60 seconds' END FROM tokensets WHERE id = $1`,
      [account.tokensetId, rotation, node, bootId, state],
    );
    bench.provider.calls.length = 0;
    return { ...account, node, bootId };
  }
  const seen = ({ node, bootId }: { node: string; bootId: string }, secondsAgo: number) =>
    bench.sql.query('INSERT INTO nodes VALUES ($1, $2, clock_timestamp() - make_interval(secs => $3))', [
      node,
      bootId,
      secondsAgo,
    ]);
  const states = async (account: { tokensetId: string }) => (await bench.attempts(account)).map(({ state }) => state);

  it.each([
    ['repeatable', TOLERANT],
    ['grace', GRACE],
    ['strict', STRICT],
  ])('takes up an attempt at a %s provider whose node is gone, although nobody asks', async (_class, settings) => {
    const account = await left(settings);
    await bench.sweep();
    expect(await states(account)).toEqual(['unknown', 'committed']);
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect((await bench.events(account)).at(-1)).toMatchObject({ data: { cause: 'recovery' } });
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('leaves alone what is leased, what waits for its provider, and what is of an earlier version', async () => {
    const leased = await left(GRACE);
    await bench.sql.query(`UPDATE tokensets SET lease_until = clock_timestamp() + interval '1 minute' WHERE id = $1`, [
      leased.tokensetId,
    ]);
    const cooling = await left(GRACE);
    await bench.sql.query(
      `UPDATE tokensets SET next_attempt_at = clock_timestamp() + interval '1 minute' WHERE id = $1`,
      [cooling.tokensetId],
    );
    const replaced = await left(GRACE);
    await bench.sql.query('UPDATE refresh_attempts SET base_version = 0 WHERE tokenset_id = $1', [replaced.tokensetId]);
    await bench.sweep();
    expect(bench.provider.refreshes).toEqual([]);
  });

  it('sends once more to a strict provider, and the next time ten minutes later', async () => {
    const account = await left(STRICT);
    bench.provider.before = () => 'reset';
    await bench.sweep();
    await bench.sweep();
    expect(await states(account)).toEqual(['unknown', 'unknown']);
    await bench.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = $1', [account.tokensetId]);
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
    bench.provider.before = () => undefined;
    await bench.cooled(account);
    await bench.sweep();
    expect(await states(account)).toEqual(['unknown', 'unknown', 'committed']);
  });

  it('keeps resending to a provider where reuse does no harm, before its grace is over', async () => {
    const account = await left(GRACE);
    bench.provider.before = () => 'reset';
    for (let round = 0; round < 3; round += 1) {
      await bench.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = $1', [account.tokensetId]);
      await bench.sweep();
    }
    expect(bench.provider.refreshes).toHaveLength(3);
    const { next_attempt_at } = (await bench.row(account))!;
    expect(next_attempt_at!.getTime() - Date.now()).toBeLessThan(15_000);
  });

  it.each(['sent', 'unknown'])('leaves a strict attempt %s to its node while that is heard of', async (state) => {
    const account = await left(STRICT, { state });
    await seen(account, -60); // however long this machine takes until the sweep
    await bench.sweep();
    expect(bench.provider.refreshes).toEqual([]);
  });

  it('leaves an attempt to its node once the grace of its token is over, and takes it up at once before', async () => {
    const account = await left(GRACE);
    await seen(account, -60);
    await bench.sql.query('UPDATE refresh_attempts SET grace_until = clock_timestamp() WHERE tokenset_id = $1', [
      account.tokensetId,
    ]);
    await bench.sweep();
    await bench.expire(account);
    expect(await refusal(bench.token(account))).toMatchObject({
      status: 503,
      message: expect.stringMatching(/Try again; the account is kept\.$/),
      details: { reason: 'refresh_in_progress', retry_after: 30 },
    });
    expect(bench.provider.refreshes).toEqual([]);
    const early = await left(GRACE);
    await seen(early, 0);
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('takes a strict attempt over once its node has come back', async () => {
    const account = await left(STRICT);
    await seen({ ...account, bootId: randomUUID() }, 0);
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('11 counts the time to the end of what was in doubt, whatever end that was', async () => {
    const counted = async () =>
      Number(/recovery_seconds_count\{class="strict"\} (\d+)/.exec(await bench.metrics())?.[1] ?? 0);
    const before = await counted();
    await left(STRICT);
    await bench.sweep();
    expect(await counted()).toBe(before + 1);
    const lost = await left(STRICT);
    bench.provider.before = () => ({ status: 400, body: { error: 'invalid_grant' } });
    await bench.sweep();
    expect(await bench.row(lost)).toMatchObject({ reason: 'lost_rotation' });
    expect(await counted()).toBe(before + 2);
  });

  it('takes a strict attempt over once its node was silent for long', async () => {
    const account = await left(STRICT);
    await seen(account, 3_600);
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('counts no silence in which it could not hear anybody itself', async () => {
    const account = await left(STRICT);
    await seen(account, 3_600);
    await bench.sql.query('ALTER TABLE nodes RENAME TO nodes_away');
    const registry = bench.app.get(NodeRegistry);
    while (registry.secondsSinceFailure() === null) await sleep(100);
    await bench.sql.query('ALTER TABLE nodes_away RENAME TO nodes');
    // To this sweep it is a moment ago, however long this machine takes until then.
    registry.secondsSinceFailure = () => 0.5;
    await bench.sweep();
    expect(bench.provider.refreshes).toEqual([]);
    Reflect.deleteProperty(registry, 'secondsSinceFailure');
    while (registry.secondsSinceFailure()! < 2) await sleep(100);
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  /** So many more tokensets of the connection that were left open in the same way, longer ago. */
  const crowd = (of: { tokensetId: string }, { tokenOrigin = bench.provider.url } = {}) =>
    bench.sql.query(
      `WITH copied AS (
         INSERT INTO tokensets (id, person_id, account_id, connection_id, provider_subject, token_origin, scopes_asked,
           scopes_granted, status, cred_version, event_version, key_id, refresh_sealed, access_issued_at)
         SELECT id || n, gen_random_uuid(), account_id || n, connection_id, provider_subject || n, $2, scopes_asked,
           scopes_granted, status, cred_version, event_version, key_id, refresh_sealed, access_issued_at
         FROM tokensets, generate_series(1, 60) n WHERE id = $1 RETURNING id)
       INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id, sent_at)
       SELECT gen_random_uuid(), copied.id, base_version, 0, 'unknown', a.kind, rotation, node, boot_id,
         sent_at - interval '1 hour' FROM copied, refresh_attempts a WHERE a.tokenset_id = $1`,
      [of.tokensetId, tokenOrigin],
    );

  it('finds what is open behind many of a connection whose calls are stopped', async () => {
    const refused = await left(TOLERANT);
    await crowd(refused);
    const { connectionId } = refused;
    const host = { connectionId, tokenOrigin: bench.provider.url, budgetPerSecond: null };
    const admission = await bench.app.get(RefreshLimits).admit(host, { background: true, waitMs: 1_000 });
    if ('state' in admission) throw new Error('not admitted');
    admission.end({ class: 'client_config', retryAfter: null });
    const healthy = await left(TOLERANT);
    await bench.sweep();
    await bench.sweep();
    expect(await states(healthy)).toEqual(['unknown', 'committed']);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('brings others to an end while a provider hangs at which much is open', async () => {
    const first = await left(TOLERANT);
    for (let i = 0; i < 19; i += 1) {
      bench.provider.subject = `upstream-${randomUUID()}`;
      const { tokensetId } = await bench.vault.redeem(await bench.redeemRequest(bench.person(), first.connectionId));
      await bench.sql.query(
        `INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id)
         SELECT gen_random_uuid(), $1, 1, 0, 'unknown', kind, rotation, node, boot_id
         FROM refresh_attempts WHERE tokenset_id = $2`,
        [tokensetId, first.tokensetId],
      );
    }
    let answer = (): void => undefined;
    const hung = new Promise<undefined>((done) => (answer = () => done(undefined)));
    bench.provider.before = ({ grant, clientSecret }) =>
      grant === 'refresh_token' && clientSecret !== 'cnry_healthy' ? hung : undefined;
    const sweeper = bench.app.get(RecoverySweeper);
    await sweeper.sweep();
    const healthy = await left(TOLERANT);
    await bench.secret(healthy.connectionId, 'cnry_healthy');
    await sweeper.sweep();
    for (let i = 0; i < 2_000 && (await bench.row(healthy))!.cred_version === 1; i += 1) await sleep(20);
    const { cred_version: version } = (await bench.row(healthy))!;
    answer();
    await sweeper.idle();
    expect(version).toBe(2);
  });

  it('finds what is open behind many whose connection has moved to another host', async () => {
    const moved = await left(TOLERANT);
    await crowd(moved, { tokenOrigin: 'https://before.example' });
    const healthy = await left(TOLERANT);
    for (let round = 0; round < 3; round += 1) await bench.sweep();
    expect(await states(healthy)).toEqual(['unknown', 'committed']);
  });

  it('takes none of it from the processes of other places that sweep at the same time', async () => {
    const accounts = [];
    for (let i = 0; i < 8; i += 1) accounts.push(await left(GRACE));
    const first = bench.app;
    await bench.boot({ node: randomUUID() });
    await Promise.all([bench.sweep(), sweepOf(first), bench.sweep(), sweepOf(first)]);
    expect(bench.provider.refreshes).toHaveLength(accounts.length);
    await first.close();
  });
});

async function sweepOf(app: Bench['app']): Promise<void> {
  await app.get(RecoverySweeper).sweep();
  await app.get(RecoverySweeper).idle();
}

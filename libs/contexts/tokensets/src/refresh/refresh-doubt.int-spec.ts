import { refusal } from '../../test/bench.js';
import { refreshSuite } from '../../test/refresh-suite.js';

const GRACE = { refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 60 } };

describe('a refresh', () => {
  const bench = refreshSuite();

  /** The wait that the provider's failure brought is over; how far apart resends stand is another matter. */
  const afterPause = ({ tokensetId }: { tokensetId: string }) =>
    bench.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = $1', [tokensetId]);

  it.each([
    ['500', { status: 500, body: {} }],
    ['a page', { status: 200, body: '<html>' }],
    ['a reset', 'reset' as const],
  ])('RE-05 met by %s at a strict provider is told to its caller, and works once that is over', async (_name, bad) => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => bad;
    expect(await refusal(bench.token(account))).toMatchObject({ status: 503, details: { retry_after: 10 } });
    expect(bench.provider.refreshes).toHaveLength(1);
    // Nobody asks: the second try is left to whoever comes once the outage may be over.
    await afterPause(account);
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
    bench.provider.before = () => undefined;
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('RE-05 met by an outage is taken up by the sweep once its lease would have ended', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => ({ status: 502, body: {} });
    await refusal(bench.token(account));
    bench.provider.before = () => undefined;
    await afterPause(account);
    await bench.sql.query(
      `UPDATE refresh_attempts SET sent_at = sent_at - interval '1 minute' WHERE tokenset_id = $1`,
      [account.tokensetId],
    );
    await bench.sweep();
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 2 });
  });

  it('of a strict provider without an answer is sent once more and then left alone', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => 'reset';
    await refusal(bench.token(account));
    for (let round = 0; round < 2; round += 1) {
      await afterPause(account);
      expect(await refusal(bench.token(account))).toMatchObject({ status: 503, details: { retry_after: 60 } });
    }
    expect(bench.provider.refreshes).toHaveLength(2);
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  });

  it('whose rotation got lost says so once the provider refuses', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    let calls = 0;
    bench.provider.after = () => ((calls += 1) === 1 ? 'reset' : undefined);
    await refusal(bench.token(account));
    await afterPause(account);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'lost_rotation' } });
  });

  it('whose answer got lost is repeated inside the grace of the provider', async () => {
    const account = await bench.connected(GRACE);
    bench.provider.graceMs = 60_000;
    await bench.expire(account);
    let calls = 0;
    bench.provider.after = () => ((calls += 1) === 1 ? 'reset' : undefined);
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(bench.provider.refreshes).toHaveLength(2);
  });

  it('refused as a race inside the grace is tried once more', async () => {
    const account = await bench.connected(GRACE);
    bench.provider.graceMs = 60_000;
    await bench.expire(account);
    const answers = [
      { status: 500, body: {} },
      { status: 400, body: { error: 'invalid_grant' } },
    ];
    bench.provider.after = () => answers.shift();
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(bench.provider.refreshes).toHaveLength(3);
  });
});

import { refusal } from '../../test/bench.js';
import { refreshSuite } from '../../test/refresh-suite.js';

const GRACE = { refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 60 } };

describe('a refresh', () => {
  const bench = refreshSuite();

  it('of a strict provider without an answer is sent once more and then left alone', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => 'reset';
    expect(await refusal(bench.token(account))).toMatchObject({ status: 503, details: { retry_after: 60 } });
    expect(bench.provider.refreshes).toHaveLength(2);
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  });

  it('whose rotation got lost says so once the provider refuses', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    let calls = 0;
    bench.provider.after = () => ((calls += 1) === 1 ? 'reset' : undefined);
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

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TokenVault } from '@strongroom/contracts';
import { Bench } from '../../test/bench.js';
import { RefreshSignals } from './refresh-signals.js';
import { Refresher } from './refresher.js';

describe('two processes that share nothing but the database', () => {
  let bench: Bench;
  let other: Bench['app'];

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000, refreshTimeoutMs: 15_000 });
    other = bench.app;
    await bench.boot({ node: randomUUID(), refreshWaitMs: 20_000, refreshTimeoutMs: 15_000 });
  });
  afterAll(async () => {
    await other.close();
    await bench.stop();
  });
  beforeEach(() => {
    bench.provider.before = () => undefined;
    bench.provider.calls.length = 0;
  });

  const due = (account: { tokensetId: string; connectionId: string }, atVersion: number | null) => ({
    tokensetId: account.tokensetId,
    connectionId: account.connectionId,
    params: {},
    reserveSeconds: 60,
    atVersion,
    kind: 'early' as const,
    actor: { kind: 'system' } as const,
  });

  it('I1 send one refresh for all who ask at both of them', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.calls.length = 0;
    bench.provider.before = async () => void (await sleep(400));
    const vaults = [bench.vault, other.get(TokenVault)];
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, i) => vaults[i % 2]!.accessToken(bench.wanted(account))),
    );
    expect(new Set(tokens.map((token) => token?.accessToken)).size).toBe(1);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('tell each other when a refresh is over', async () => {
    const account = await bench.connected();
    await bench.sql.query(`UPDATE tokensets SET lease_until = clock_timestamp() + interval '1 hour' WHERE id = $1`, [
      account.tokensetId,
    ]);
    const waiting = other.get(RefreshSignals).settled(account.tokensetId, 60_000);
    await sleep(200);
    await bench.sql.query('UPDATE tokensets SET lease_until = NULL WHERE id = $1', [account.tokensetId]);
    bench.app.get(RefreshSignals).say(account.tokensetId);
    await waiting;
  });

  it('see the end of a refresh that nobody told them of', async () => {
    const account = await bench.connected();
    await bench.sql.query(`UPDATE tokensets SET lease_until = clock_timestamp() + interval '1 second' WHERE id = $1`, [
      account.tokensetId,
    ]);
    await other.get(RefreshSignals).settled(account.tokensetId, 60_000);
  });

  it('refresh at the version that was meant, whatever life the token has, and at no other', async () => {
    const account = await bench.connected();
    bench.provider.calls.length = 0;
    const refresher = bench.app.get(Refresher);
    expect(await refresher.refresh(due(account, null))).toEqual({ state: 'changed' });
    expect(await refresher.refresh(due(account, 2))).toEqual({ state: 'changed' });
    expect(bench.provider.refreshes).toEqual([]);
    expect(await refresher.refresh(due(account, 1))).toMatchObject({ state: 'refreshed', credVersion: 2 });
    expect(await other.get(Refresher).refresh(due(account, 1))).toEqual({ state: 'changed' });
    expect(bench.provider.refreshes).toHaveLength(1);
  });
});

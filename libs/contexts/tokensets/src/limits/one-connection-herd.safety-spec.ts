import { setTimeout as sleep } from 'node:timers/promises';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { Bench } from '../../test/bench.js';

type Account = Awaited<ReturnType<Bench['connected']>>;

const COUNT = safetyCount('HERD_TOKENSETS', { short: 60, full: 1_000 });
const BUDGET = { perSecond: 10, burst: 5, inFlight: 3 };
const TOLERANT = { refresh: { mode: 'rotating', reuse: 'tolerated' } };

/** All tokensets of one connection end in the same second, and everybody wants theirs. */
describe('a herd of one connection', () => {
  let bench: Bench;
  let seen: number[];
  let inFlight: number;
  let mostInFlight: number;

  beforeAll(async () => {
    const refreshWaitMs = 3_000;
    bench = await Bench.start({ refreshWaitMs, refreshTimeoutMs: 10_000, refreshBudget: BUDGET });
  });
  afterAll(() => bench.stop());

  const accountsOf = async (connectionId: string, count: number): Promise<Account[]> => {
    const accounts: Account[] = [];
    for (let i = 0; i < count; i += 1) {
      const personId = bench.person();
      bench.provider.subject = `upstream-${personId}`;
      const redeemed = await bench.vault.redeem(await bench.redeemRequest(personId, connectionId));
      accounts.push({ personId, connectionId, ...redeemed });
    }
    return accounts;
  };
  const expireAll = (connectionId: string) =>
    bench.sql.query(
      `UPDATE tokensets SET access_issued_at = now() - interval '2 hours', access_expires_at = now() - interval '1 second'
       WHERE connection_id = $1`,
      [connectionId],
    );
  const watch = () => {
    seen = [];
    inFlight = mostInFlight = 0;
    bench.provider.before = async () => {
      seen.push(performance.now());
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      await sleep(200);
      inFlight -= 1;
      return undefined;
    };
  };
  /** As a client would: again after a 503, until the token is there. */
  const untilServed = async (account: Account): Promise<void> => {
    for (;;) {
      try {
        if (await bench.token(account)) return;
      } catch (error) {
        if ((error as { status?: number }).status !== 503) throw error;
      }
      await sleep(200);
    }
  };
  /** By how many the calls since `start` were ever ahead of what the budget had given by then. */
  const excess = (start: number): number =>
    Math.max(...seen.map((at, i) => i + 1 - BUDGET.burst - (BUDGET.perSecond * (at - start)) / 1000));
  const p99 = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

  it('8 stays within the budget, all are fresh in the end, and others are served meanwhile', async () => {
    const { connectionId } = await bench.connected(TOLERANT);
    const herd = await accountsOf(connectionId, COUNT);
    const other = await bench.connected(TOLERANT);
    const timed = async (): Promise<number> => {
      const began = performance.now();
      expect(await bench.token(other)).toMatchObject({ refreshed: false });
      return performance.now() - began;
    };
    const before: number[] = [];
    for (let i = 0; i < 200; i += 1) before.push(await timed());

    await expireAll(connectionId);
    watch();
    const start = performance.now();
    let isOver = false;
    const served = Promise.all(herd.map(untilServed)).finally(() => (isOver = true));
    const during: number[] = [];
    while (!isOver) {
      during.push(await timed());
      await sleep(5);
    }
    await served;
    const seconds = (performance.now() - start) / 1000;
    const over = excess(start);

    const { rows } = await bench.sql.query<{ fresh: number; versions: number }>(
      `SELECT count(*) FILTER (WHERE access_expires_at > now())::int AS fresh, max(cred_version) AS versions
       FROM tokensets WHERE connection_id = $1 AND id = ANY($2)`,
      [connectionId, herd.map(({ tokensetId }) => tokensetId)],
    );
    expect(rows[0]).toEqual({ fresh: COUNT, versions: 2 });
    expect(seen).toHaveLength(COUNT);
    expect(over).toBeLessThanOrEqual(0);
    expect(mostInFlight).toBeLessThanOrEqual(BUDGET.inFlight);
    expect(during.length).toBeGreaterThan(0);
    recordFigure({
      id: 'herd-of-one-connection',
      title: `${COUNT} tokensets of one connection expire in one second, budget ${BUDGET.perSecond}/s`,
      required: 'never above the budget, all fresh, others served',
      measured:
        `${COUNT} refreshes in ${seconds.toFixed(1)} s, at most ${mostInFlight} in flight, 0 above the budget; ` +
        `others' p99 ${p99(before).toFixed(1)} ms before, ${p99(during).toFixed(1)} ms during`,
      holds: over <= 0 && mostInFlight <= BUDGET.inFlight,
      control: 'the same herd with a budget nobody can reach is far above it',
    });
  }, 600_000);

  it('is above the budget where none is kept', async () => {
    await bench.app.close();
    await bench.boot({
      refreshWaitMs: 60_000,
      refreshBudget: { perSecond: 100_000, burst: 100_000, inFlight: 100_000 },
    });
    const { connectionId } = await bench.connected(TOLERANT);
    const herd = await accountsOf(connectionId, 60);
    await expireAll(connectionId);
    watch();
    // All of them are on their way before any is answered.
    let allAreHere = (): void => undefined;
    const here = new Promise<void>((settle) => (allAreHere = settle));
    const counted = bench.provider.before;
    bench.provider.before = (call) => {
      const answer = counted(call);
      if (seen.length === herd.length) allAreHere();
      return here.then(() => answer);
    };
    await Promise.all(herd.map(untilServed));
    expect(excess(seen[0]!)).toBeGreaterThan(0);
    expect(mostInFlight).toBeGreaterThan(BUDGET.inFlight);
  });
});

import { Bench } from '../../test/bench.js';
import { Custody } from '../custody/custody.js';
import { CrashPoints } from './crash-points.js';
import { NoSpill } from './no-spill.js';
import { RefreshMetrics } from './refresh-metrics.js';
import { RefreshCore } from './refresh-core.js';
import { RefreshStore, type RefreshTerms } from './refresh.types.js';

describe('a process', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  it.each([
    [3_000, 0, 'changed', 'not_processed'],
    [1_000, 1, 'failed', 'not_processed'],
  ])('whose journal took %i ms sends %i times', async (pauseMs, sends, state, attempt) => {
    const account = await bench.connected();
    await bench.expire(account);
    const journal = bench.app.get(RefreshStore);
    let clock = 0;
    let sent = 0;
    const store = Object.assign(Object.create(journal) as RefreshStore, {
      begin: async (terms: RefreshTerms) => {
        const begun = await journal.begin(terms);
        clock += pauseMs;
        return begun;
      },
    });
    const core = new RefreshCore({
      store,
      custody: bench.app.get(Custody),
      spill: new NoSpill(),
      crash: new CrashPoints(),
      metrics: bench.app.get(RefreshMetrics),
      monotonic: () => clock,
      random: () => 0,
      sleep: () => Promise.resolve(),
      report: () => undefined,
      alive: () => true,
    });
    const terms: RefreshTerms = {
      tokensetId: account.tokensetId,
      tokenOrigin: bench.provider.url,
      formerTokenOrigins: [],
      rotation: 'strict',
      graceSeconds: 0,
      reserveSeconds: 60,
      atVersion: null,
      narrowTo: null,
      kind: 'on_demand',
      actor: { kind: 'client', id: 'app' },
    };
    const send = () => {
      sent += 1;
      const refused = { httpStatus: 429, code: null, retryAfter: null, sent: true };
      return Promise.resolve({ outcome: 'error', class: 'rate_limited', ...refused } as const);
    };
    expect(await core.refresh(terms, send, false)).toMatchObject({ state });
    expect(sent).toBe(sends);
    expect(await bench.attempts(account)).toMatchObject([{ state: attempt }]);
  });
});

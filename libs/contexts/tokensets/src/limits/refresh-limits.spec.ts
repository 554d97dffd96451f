import { InProcessBudgets } from '@strongroom/locking';
import { createLogger, Metrics } from '@strongroom/observability';
import { RefreshMetrics } from '../refresh/refresh-metrics.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { type Admission, type Limited, RefreshLimits } from './refresh-limits.js';

const HOST = { connectionId: 'con_1', tokenOrigin: 'https://provider.example', budgetPerSecond: null };
const OK = { class: 'ok', retryAfter: null };

describe('the limits of a refresh', () => {
  let now: number;
  let metrics: Metrics;
  const made = (refreshBudget = { perSecond: 0.01, burst: 3, inFlight: 2 }) => {
    metrics = new Metrics();
    const settings = new TokensetsSettings({ refreshBudget });
    const limits = new RefreshLimits(
      new InProcessBudgets(),
      settings,
      new RefreshMetrics(metrics),
      createLogger('silent'),
    );
    limits.now = () => now;
    return limits;
  };
  const admitted = (answer: Admission | Limited): Admission => {
    if ('state' in answer) throw new Error(`limited: ${answer.why}`);
    return answer;
  };
  beforeEach(() => (now = 1_000));

  it('admit what the budget allows, and say when there is more', async () => {
    const limits = made();
    for (let i = 0; i < 3; i += 1) admitted(await limits.admit(HOST, { background: false, waitMs: 0 })).end(OK);
    expect(await limits.admit(HOST, { background: false, waitMs: 5 })).toMatchObject({
      state: 'limited',
      why: 'budget',
      retryAfterSeconds: 100,
    });
    admitted(await limits.admit({ ...HOST, connectionId: 'con_2' }, { background: false, waitMs: 0 }));
  });

  it('let one who waits in as soon as a call is over', async () => {
    const limits = made();
    const [first] = [await limits.admit(HOST, { background: false, waitMs: 0 })];
    await limits.admit(HOST, { background: false, waitMs: 0 });
    const waiting = limits.admit(HOST, { background: false, waitMs: 60_000 });
    admitted(first).end(OK);
    admitted(await waiting);
    expect(await metrics.text()).toContain('strongroom_refresh_budget_wait_seconds_count{connection="con_1"} 3');
  });

  it('let those who wait behind others go at their own time', async () => {
    const limits = made({ perSecond: 0.01, burst: 1, inFlight: 1 });
    await limits.admit(HOST, { background: false, waitMs: 0 });
    const long = limits.admit(HOST, { background: false, waitMs: 500 });
    const short = limits.admit(HOST, { background: false, waitMs: 10 });
    expect(await Promise.race([long.then(() => 'long'), short.then(() => 'short')])).toBe('short');
    await long;
  });

  it('take the rate of the catalogue where it is lower', async () => {
    const limits = made({ perSecond: 50, burst: 100, inFlight: 1000 });
    const slow = { ...HOST, budgetPerSecond: 1 };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => limits.admit(slow, { background: false, waitMs: 0 })),
    );
    expect(answers.filter((answer) => 'end' in answer)).toHaveLength(2);
  });

  it('19 say so of a client that is refused, and let one in a minute later', async () => {
    const limits = made();
    admitted(await limits.admit(HOST, { background: false, waitMs: 0 })).end({
      class: 'client_config',
      retryAfter: null,
    });
    expect(await limits.admit(HOST, { background: false, waitMs: 8_000 })).toEqual({
      state: 'limited',
      why: 'client_config',
      retryAfterSeconds: 60,
    });
    expect(await metrics.text()).toContain('strongroom_refresh_breaker_state{connection="con_1"} 4');
    now += 60_000;
    admitted(await limits.admit(HOST, { background: false, waitMs: 0 })).end(OK);
    expect(await metrics.text()).toContain('strongroom_refresh_breaker_state{connection="con_1"} 0');
  });
});

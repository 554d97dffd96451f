import { describeBudgets, isPermit } from './budgets.conformance.js';
import { InProcessBudgets } from './in-process-budgets.js';

describeBudgets('InProcessBudgets', () => new InProcessBudgets());

describe('a budget of this process', () => {
  it('never gives more than the burst and the rate, whatever the clock does', async () => {
    let now = 0;
    const budgets = new InProcessBudgets(() => now);
    const budget = { perSecond: 50, burst: 100, inFlight: 1_000 };
    let given = 0;
    for (; now <= 10_000; now += 7) {
      for (let i = 0; i < 5; i += 1) {
        const answer = await budgets.take('key', budget, { background: false, holdMs: 1_000 });
        if (isPermit(answer)) given += 1;
      }
    }
    expect(given).toBeLessThanOrEqual(100 + 50 * 10);
    expect(given).toBeGreaterThan(590);
  });
});

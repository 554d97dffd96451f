import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Budget, Budgets, Permit, Refused } from './budgets.js';

export const isPermit = (answer: Permit | Refused): answer is Permit => 'release' in answer;

/** The promises every `Budgets` adapter keeps. */
export function describeBudgets(name: string, create: () => Budgets): void {
  describe(name, () => {
    const someone = { background: false, holdMs: 60_000 };
    const nobody = { background: true, holdMs: 60_000 };
    /** So slow that none comes back while a test runs. */
    const slow = { perSecond: 0.001, burst: 10, inFlight: 100 };
    let budgets: Budgets;
    let key: string;
    beforeEach(() => {
      budgets = create();
      key = `con_${randomUUID()} https://provider.example`;
    });

    const taken = async (count: number, budget: Budget, ask = someone) =>
      (await Promise.all(Array.from({ length: count }, () => budgets.take(key, budget, ask)))).filter(isPermit);
    const untilTaken = async (budget: Budget, ask = someone): Promise<Permit> => {
      for (;;) {
        const answer = await budgets.take(key, budget, ask);
        if (isPermit(answer)) return answer;
        await sleep(Math.min(20, answer.retryAfterMs));
      }
    };

    it('gives the burst and no more, and says when more may be there', async () => {
      expect(await taken(25, slow)).toHaveLength(10);
      const refused = await budgets.take(key, slow, someone);
      expect(isPermit(refused)).toBe(false);
      expect((refused as Refused).retryAfterMs).toBeGreaterThan(900_000);
    });

    it('fills again with time', async () => {
      const quick = { perSecond: 50, burst: 1, inFlight: 100 };
      while (isPermit(await budgets.take(key, quick, someone)));
      await untilTaken(quick);
    });

    it('keeps keys apart', async () => {
      await taken(10, slow);
      expect(isPermit(await budgets.take(`${key} another`, slow, someone))).toBe(true);
    });

    it('lets so many run at once, and the next one when one is over', async () => {
      const narrow = { perSecond: 1000, burst: 100, inFlight: 3 };
      const [first] = await taken(10, narrow);
      expect(await taken(1, narrow)).toHaveLength(0);
      await first!.release();
      await first!.release();
      expect(await taken(2, narrow)).toHaveLength(1);
    });

    it('takes a permit back whose holder has died', async () => {
      const narrow = { perSecond: 1000, burst: 100, inFlight: 1 };
      await taken(1, narrow, { background: false, holdMs: 50 });
      await untilTaken(narrow);
    });

    it('26 gives background work all of it while nobody waits', async () => {
      expect(await taken(15, slow, nobody)).toHaveLength(10);
    });

    it('26 gives background work half of the permits at once while somebody waits', async () => {
      const narrow = { perSecond: 1000, burst: 1000, inFlight: 4 };
      const held = await taken(4, narrow);
      expect(await taken(1, narrow)).toHaveLength(0);
      for (const permit of held) await permit.release();
      expect(await taken(4, narrow, nobody)).toHaveLength(2);
      expect(await taken(4, narrow)).toHaveLength(2);
    });

    it('26 gives background work half of the rate while somebody waits', async () => {
      // So few that a slow machine asks more often than that, too.
      const busy = { perSecond: 20, burst: 1, inFlight: 1000 };
      const got = { someone: 0, nobody: 0 };
      while (isPermit(await budgets.take(key, busy, someone))); // now somebody waits
      const began = performance.now();
      const ask = async (who: 'someone' | 'nobody') => {
        while (performance.now() < began + 1_500) {
          await untilTaken(busy, who === 'someone' ? someone : nobody);
          got[who] += 1;
        }
      };
      // Ten that nobody waits for against two that somebody does.
      await Promise.all([ask('someone'), ask('someone'), ...Array.from({ length: 10 }, () => ask('nobody'))]);
      const seconds = (performance.now() - began) / 1000;
      expect(got.nobody).toBeLessThanOrEqual(0.5 * busy.perSecond * seconds + 2);
      expect(got.someone).toBeGreaterThan(0);
    });
  });
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Count, Counters } from './counters.js';

/** The promises every `Counters` adapter keeps. */
export function describeCounters(name: string, create: () => Counters): void {
  describe(name, () => {
    const fixed = { ms: 60_000, slides: false };
    const sliding = { ms: 60_000, slides: true };
    let counters: Counters;
    let key: string;

    beforeEach(() => {
      counters = create();
      key = `person@example.com ${randomUUID()}`;
    });

    const until = async (holds: (count: Count) => boolean, window = fixed): Promise<Count> => {
      for (;;) {
        const count = await counters.read(key, window);
        if (holds(count)) return count;
        await sleep(5);
      }
    };

    it('begins with nothing', async () => {
      expect(await counters.read(key, fixed)).toEqual({ count: 0, agoMs: 0 });
    });

    it('gives each of many additions at once a count of its own', async () => {
      const counts = await Promise.all(Array.from({ length: 50 }, () => counters.add(key, fixed)));
      expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, i) => i + 1),
      );
      expect((await counters.read(key, fixed)).count).toBe(50);
    });

    it('keeps keys apart, and clears one alone', async () => {
      await counters.add(key, fixed);
      await counters.add(`${key}\nother`, fixed);
      await counters.clear(key);
      expect((await counters.read(key, fixed)).count).toBe(0);
      expect((await counters.read(`${key}\nother`, fixed)).count).toBe(1);
    });

    it('takes one back of what is counted, and never more than that', async () => {
      await counters.takeBack(key);
      expect((await counters.read(key, fixed)).count).toBe(0);
      for (let i = 0; i < 3; i++) await counters.add(key, fixed);
      await Promise.all([counters.takeBack(key), counters.takeBack(key)]);
      expect((await counters.read(key, fixed)).count).toBe(1);
      for (let i = 0; i < 3; i++) await counters.takeBack(key);
      expect((await counters.add(key, fixed)).count).toBe(1);
    });

    it('counts from the first addition where the window does not slide', async () => {
      await counters.add(key, fixed);
      await until(({ agoMs }) => agoMs > 50);
      expect(await counters.add(key, fixed)).toEqual({ count: 2, agoMs: expect.any(Number) });
      expect((await counters.read(key, fixed)).agoMs).toBeGreaterThan(50);
    });

    it('counts from the last addition where the window slides', async () => {
      await counters.add(key, sliding);
      await until(({ agoMs }) => agoMs > 50, sliding);
      const { count, agoMs } = await counters.add(key, sliding);
      expect(count).toBe(2);
      expect(agoMs).toBeLessThan(50);
    });

    it.each([true, false])('begins anew when the window has passed (slides: %s)', async (slides) => {
      const short = { ms: 100, slides };
      await counters.add(key, short);
      await counters.add(key, short);
      await until(({ count }) => count === 0, short);
      expect((await counters.add(key, short)).count).toBe(1);
    });
  });
}

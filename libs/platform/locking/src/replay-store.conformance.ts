import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplayStore } from './replay-store.js';

/** The promises every `ReplayStore` adapter keeps. */
export function describeReplayStore(name: string, create: () => ReplayStore): void {
  describe(name, () => {
    let store: ReplayStore;
    let key: string;

    beforeEach(() => {
      store = create();
      key = `cnry_proof ${randomUUID()}`;
    });

    it('X6 is first for one of many at once', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => store.isFirst(key, 120)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await store.isFirst(key, 120)).toBe(false);
    });

    it('keeps keys apart', async () => {
      expect(await store.isFirst(key, 120)).toBe(true);
      expect(await store.isFirst(`${key}\nother`, 120)).toBe(true);
    });

    it('remembers for as long as it was told, whoever asks in between', async () => {
      const began = performance.now();
      expect(await store.isFirst(key, 2)).toBe(true);
      const isFirstAgain = await store.isFirst(key, 120);
      // On a machine that stood still the two seconds may be over by now.
      if (performance.now() - began < 1_900) expect(isFirstAgain).toBe(false);
      if (!isFirstAgain) while (!(await store.isFirst(key, 1))) await sleep(20);
    });

    it('takes what was made just now', async () => {
      expect(await store.isFirst(key, 120, Math.floor(Date.now() / 1000) + 1)).toBe(true);
    });
  });
}

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A queue of those who wait for the same thing: one at a time asks for it, so that ten thousand who wait are one
 * question and not ten thousand.
 */
export class Lane {
  private tail: Promise<void> = Promise.resolve();
  private waiting = 0;

  get isEmpty(): boolean {
    return this.waiting === 0;
  }

  /** Undefined: the turn did not come in time. */
  async inTurn<T>(waitMs: number, work: (leftMs: number) => Promise<T>): Promise<T | undefined> {
    const deadline = performance.now() + waitMs;
    const before = this.tail;
    let leave!: () => void;
    const left = new Promise<void>((done) => (leave = done));
    this.tail = before.then(() => left);
    this.waiting += 1;
    const over = new AbortController();
    try {
      const turn = await Promise.race([
        before.then(() => true),
        sleep(Math.max(0, waitMs), false, { signal: over.signal, ref: false }).catch(() => false),
      ]);
      return turn ? await work(Math.max(0, deadline - performance.now())) : undefined;
    } finally {
      over.abort();
      this.waiting -= 1;
      leave();
    }
  }
}

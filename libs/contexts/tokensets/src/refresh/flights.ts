import { setTimeout as sleep } from 'node:timers/promises';

/** Joins callers of one process who want the same thing done. What runs goes on when nobody waits for it any more. */
export class Flights<Outcome> {
  private readonly running = new Map<string, Promise<Outcome>>();
  private closed = false;

  /** @throws the given error once `close` was called and nothing is running for the key. */
  join(key: string, begin: () => Promise<Outcome>, refused: () => Error): Promise<Outcome> {
    const joined = this.running.get(key);
    if (joined) return joined;
    if (this.closed) return Promise.reject(refused());
    const flight = begin().finally(() => this.running.delete(key));
    flight.catch(() => undefined); // those who still wait are told
    this.running.set(key, flight);
    return flight;
  }

  has(key: string): boolean {
    return this.running.has(key);
  }

  /** Begins nothing new and waits for what runs; not for ever, for a database may hold a statement as long as it likes. */
  async close(patienceMs: number): Promise<void> {
    this.closed = true;
    const landed = new AbortController();
    const over = sleep(patienceMs, undefined, { signal: landed.signal }).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.running.values()), over]);
    landed.abort();
  }
}

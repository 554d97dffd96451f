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

  /** Begins nothing new and waits for what runs. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.running.values());
  }
}

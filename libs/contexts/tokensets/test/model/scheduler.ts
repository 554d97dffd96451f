/** Somewhere a run has stopped, until the history says that it goes on. */
interface Gate {
  label: string;
  /** A process that is gone goes on nowhere. Null: the network, or a provider. */
  owner: object | null;
  open(): void;
}

/**
 * Decides what happens next. Runs stop at every call of a store and at every request; one at a time goes on, to its next
 * stop, so that one list of commands is one interleaving.
 */
export class Scheduler {
  private gates: Gate[] = [];
  private working = 0;
  private idle: () => void = () => undefined;

  stop(label: string, owner: object | null): Promise<void> {
    return new Promise((open) => this.gates.push({ label, owner, open }));
  }

  /** Input and output that a stop does not cover: the scheduler waits for its end. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    this.working += 1;
    try {
      return await work();
    } finally {
      this.working -= 1;
      if (this.working === 0) this.idle();
    }
  }

  get waiting(): number {
    return this.gates.length;
  }

  forget(owner: object): void {
    this.gates = this.gates.filter((gate) => gate.owner !== owner);
  }

  /** What went on; undefined: nothing waits. */
  async goOn(pick: number): Promise<string | undefined> {
    const [gate] = this.gates.splice(pick % Math.max(this.gates.length, 1), 1);
    if (!gate) return undefined;
    gate.open();
    await this.settled();
    return gate.label;
  }

  /** Every run stands at a stop, sleeps or is over. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet += 1) {
      if (this.working > 0) {
        await new Promise<void>((resolve) => (this.idle = resolve));
        quiet = 0;
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (this.working > 0) quiet = -1;
    }
  }
}

import type { ModelDatabase } from './model-database.js';

interface Timer {
  at: number;
  order: number;
  /** Whose it is: a process that is gone wakes no more. */
  owner: object | null;
  wake(): void;
}

/** Two clocks: one that only grows, of the processes, and the database's, which an operator may set. */
export class VirtualTime {
  private elapsed = 0;
  private offset: number;
  private timers: Timer[] = [];
  private order = 0;
  private told: Promise<void> | undefined;

  constructor(
    private readonly database: ModelDatabase,
    start: number,
  ) {
    this.offset = start;
  }

  monotonic(): number {
    return this.elapsed;
  }

  /** What the database calls now. */
  now(): number {
    return this.offset + this.elapsed;
  }

  jump(ms: number): void {
    this.offset += ms;
    this.told = undefined;
  }

  sleep(ms: number, owner: object | null): Promise<void> {
    return new Promise((wake) => this.timer(ms, owner, wake));
  }

  timer(ms: number, owner: object | null, wake: () => void): () => void {
    const timer: Timer = { at: this.elapsed + ms, order: this.order++, owner, wake };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  }

  forget(owner: object): void {
    this.timers = this.timers.filter((timer) => timer.owner !== owner);
  }

  /** When the next timer is due, no later than `until`. */
  due(until: number): number | undefined {
    const at = Math.min(...this.timers.map((timer) => timer.at));
    return at <= until ? Math.max(at, this.elapsed) : undefined;
  }

  moveTo(elapsed: number): void {
    if (elapsed === this.elapsed) return;
    this.elapsed = elapsed;
    this.told = undefined;
  }

  /** The timer that is due first goes off. */
  wake(): void {
    const [timer] = this.timers.sort((one, other) => one.at - other.at || one.order - other.order).splice(0, 1);
    timer?.wake();
  }

  /** Before a statement that may ask for the time. */
  async tellDatabase(): Promise<void> {
    await (this.told ??= this.database.setTime(this.now()));
  }
}

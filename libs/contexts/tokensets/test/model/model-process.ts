import type { CrashPoint, CrashPoints } from '../../src/refresh/crash-points.js';
import type { Scheduler } from './scheduler.js';
import type { VirtualTime } from './virtual-time.js';

/** Never goes on: what a process that was killed was about to do. */
const never = (): Promise<never> => new Promise(() => undefined);

/** The memory of one start of a node. Killed, nothing that it began goes on. */
export class ModelProcess implements CrashPoints {
  private alive = true;
  private dieAt: CrashPoint | undefined;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly time: VirtualTime,
    private readonly died: () => void,
  ) {}

  get isAlive(): boolean {
    return this.alive;
  }

  killAt(point: CrashPoint | undefined): void {
    this.dieAt = point;
  }

  kill(): void {
    if (!this.alive) return;
    this.end();
    this.died();
  }

  /** The same, and nobody is told. */
  end(): void {
    this.alive = false;
    this.scheduler.forget(this);
    this.time.forget(this);
  }

  async at(point: CrashPoint): Promise<void> {
    if (!this.alive) return never();
    if (this.dieAt !== point) return;
    this.kill();
    // Inside a transaction: its session is gone with the process, and the database rolls it back.
    if (point === 'P4') throw new Error('killed');
    return never();
  }

  sleep(ms: number): Promise<void> {
    return this.alive ? this.time.sleep(ms, this) : never();
  }

  /** Something outside of the process, at a moment that the history chooses. */
  async reach<T>(label: string, work: () => Promise<T>): Promise<T> {
    if (!this.alive) return never();
    await this.scheduler.stop(label, this);
    return this.io(work);
  }

  /** The same without a choice of the moment. */
  async io<T>(work: () => Promise<T>): Promise<T> {
    if (!this.alive) return never();
    const done = await this.scheduler.work(async () => {
      try {
        await this.time.tellDatabase();
        return { value: await work() };
      } catch (error) {
        return { error };
      }
    });
    if (!this.alive) return never();
    if ('error' in done) throw done.error;
    return done.value;
  }

  /** The real thing; each call of it waits until the history lets it be made. */
  reaching<T extends object>(target: T): T {
    return this.through(target, (name, call) => this.reach(name, call));
  }

  /** The real thing, whose calls are made at once. */
  doing<T extends object>(target: T, immediate: readonly string[] = []): T {
    return this.through(target, (name, call) => (immediate.includes(name) ? call() : this.io(call)));
  }

  private through<T extends object>(target: T, how: (name: string, call: () => Promise<unknown>) => unknown): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member = Reflect.get(object, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => how(String(name), () => member.apply(object, args) as Promise<unknown>);
      },
    });
  }
}

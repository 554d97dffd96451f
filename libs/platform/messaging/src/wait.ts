import { setTimeout as sleep } from 'node:timers/promises';
import { ServerClosingError } from './messaging.errors.js';

/** @throws ServerClosingError as soon as the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw new ServerClosingError('the server is closing');
  }
}

/** Lets a loop sleep until somebody has something for it. A call that comes too early is remembered. */
export class Wakeup {
  private called = false;
  private resume: (() => void) | undefined;

  readonly wake = (): void => {
    this.called = true;
    this.resume?.();
  };

  async next(withinMs: number): Promise<void> {
    if (!this.called)
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, withinMs);
        this.resume = () => {
          clearTimeout(timer);
          resume();
        };
      });
    this.called = false;
    this.resume = undefined;
  }
}

/** Lets only so many run at a time; the others queue. */
export class Slots {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((turn) => this.queue.push(turn));
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free++;
    }
  }
}

/** What goes on after its time is nobody's: its failure is not told. */
export async function within<T>(ms: number, work: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

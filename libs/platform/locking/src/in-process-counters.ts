import { createHash } from 'node:crypto';
import { type Count, Counters, type Window } from './counters.js';

/** Beyond this the one that was added to longest ago is forgotten. */
const REMEMBERED = 50_000;

/** Counts alone in this process. */
export class InProcessCounters extends Counters {
  private readonly counts = new Map<string, { count: number; since: number }>();

  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override add(key: string, window: Window): Promise<Count> {
    const name = hashed(key);
    const { count, agoMs } = this.within(name, window);
    const begins = count === 0 || window.slides;
    const agoNow = begins ? 0 : agoMs;
    this.counts.delete(name);
    if (this.counts.size >= REMEMBERED) this.counts.delete(this.counts.keys().next().value!);
    this.counts.set(name, { count: count + 1, since: this.now() - agoNow });
    return Promise.resolve({ count: count + 1, agoMs: agoNow });
  }

  override read(key: string, window: Window): Promise<Count> {
    return Promise.resolve(this.within(hashed(key), window));
  }

  override takeBack(key: string): Promise<void> {
    const known = this.counts.get(hashed(key));
    if (known && known.count > 0) known.count -= 1;
    return Promise.resolve();
  }

  override clear(key: string): Promise<void> {
    this.counts.delete(hashed(key));
    return Promise.resolve();
  }

  private within(name: string, window: Window): Count {
    const known = this.counts.get(name);
    const agoMs = known ? this.now() - known.since : 0;
    return known && agoMs < window.ms ? { count: known.count, agoMs } : { count: 0, agoMs: 0 };
  }
}

/** Keys may be long; what is remembered of them is not. */
const hashed = (key: string): string => createHash('sha256').update(key).digest('base64url');

import { createHash } from 'node:crypto';
import { ReplayStoreAwayError } from './replay-store.errors.js';
import { ReplayStore } from './replay-store.js';

/** What a process can hold; forgetting one would let it be used again, so beyond this nothing is taken. */
const REMEMBERED = 200_000;

/** Remembers alone in this process, and for that refuses whatever is older than the process. */
export class InProcessReplayStore extends ReplayStore {
  private readonly ends = new Map<string, number>();
  private readonly startedAt: number;

  constructor(
    private readonly now: () => number = Date.now,
    private readonly most = REMEMBERED,
  ) {
    super();
    this.startedAt = now();
  }

  override isFirst(key: string, seconds: number, issuedAt?: number): Promise<boolean> {
    if (issuedAt !== undefined && issuedAt * 1000 < this.startedAt) return Promise.resolve(false);
    const name = createHash('sha256').update(key).digest('base64url');
    const now = this.now();
    if ((this.ends.get(name) ?? 0) > now) return Promise.resolve(false);
    if (this.ends.size >= this.most) this.forgetEnded(now);
    if (this.ends.size >= this.most) return Promise.reject(new ReplayStoreAwayError(new Error('too many to remember')));
    this.ends.set(name, now + seconds * 1000);
    return Promise.resolve(true);
  }

  private forgetEnded(now: number): void {
    for (const [name, end] of this.ends) if (end <= now) this.ends.delete(name);
  }
}

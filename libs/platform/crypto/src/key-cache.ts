import type { SealingKey } from './sealing-key.js';

interface Entry {
  key: SealingKey;
  ownerId: string;
  until: number;
}

const KEPT_MS = 60_000;
const MOST = 10_000;

/**
 * Unwrapped keys for as long as they may stay in memory: a minute from unwrapping, used or not, and never longer than
 * the key that unwrapped them. Each belongs to one owner and is found by that owner only.
 */
export class KeyCache {
  /** In the order of insertion. */
  private readonly entries = new Map<string, Entry>();
  private sweep: NodeJS.Timeout | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  get(keyId: string, ownerId: string): SealingKey | undefined {
    const entry = this.entries.get(keyId);
    return entry && entry.ownerId === ownerId && entry.until > this.now() ? entry.key : undefined;
  }

  /** `until`: when the key that unwrapped this one has to leave memory itself. */
  put(ownerId: string, key: SealingKey, until = Infinity): void {
    this.entries.delete(key.id);
    this.entries.set(key.id, { key, ownerId, until: Math.min(this.now() + KEPT_MS, until) });
    if (this.entries.size > MOST) this.entries.delete(this.entries.keys().next().value!);
    this.scheduleSweep();
  }

  forget(keyId: string): void {
    this.entries.delete(keyId);
  }

  get size(): number {
    return this.entries.size;
  }

  /** Expired keys leave memory even if nobody asks for them again. */
  dropExpired(): void {
    const now = this.now();
    for (const [keyId, { until }] of this.entries) if (until <= now) this.entries.delete(keyId);
  }

  private scheduleSweep(): void {
    this.sweep ??= setTimeout(() => {
      this.sweep = undefined;
      this.dropExpired();
      if (this.entries.size > 0) this.scheduleSweep();
    }, SWEEP_MS).unref();
  }
}

const SWEEP_MS = 1000;

import { Injectable } from '@nestjs/common';

/** As many failures within this time are a mistake with keys or a restore, and not as many attacks. */
const MANY = 10;
const WITHIN_MS = 60_000;
/** So many in a row have to open again, one try in this time. */
const GOOD_IN_A_ROW = 10;
const TRY_EVERY_MS = 1_000;

/**
 * Watches whether stored records open, and says when to stop trying (`spec/encryption.md` §9). While it is stopped nobody
 * is told to reconnect and callers are asked to come back; one record a second is still tried. It ends by itself once
 * ten of these in a row have opened, and with a restart.
 */
@Injectable()
export class OpenWatch {
  /** When which record last failed; one that many ask for counts once. */
  private readonly failed = new Map<string, number>();
  private goodInARow = 0;
  private triedAt = -Infinity;
  private stopped = false;
  /** Milliseconds that never jump. */
  private readonly now: () => number = () => performance.now();

  static at(now: () => number): OpenWatch {
    return Object.assign(new OpenWatch(), { now });
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** May a record be opened now? While stopped: now and then one, whose failure means nothing for its owner. */
  admits(): boolean {
    if (!this.stopped) return true;
    if (this.now() - this.triedAt < TRY_EVERY_MS) return false;
    this.triedAt = this.now();
    return true;
  }

  opened(): void {
    if (!this.stopped) return;
    this.goodInARow += 1;
    if (this.goodInARow < GOOD_IN_A_ROW) return;
    this.stopped = false;
    this.failed.clear();
  }

  /** @returns whether this may be said of the record: false once too many do not open. */
  didNotOpen(record: string): boolean {
    const now = this.now();
    this.goodInARow = 0;
    if (this.stopped) return false;
    for (const [one, at] of this.failed) if (now - at >= WITHIN_MS) this.failed.delete(one);
    this.failed.set(record, now);
    this.stopped = this.failed.size >= MANY;
    this.triedAt = now;
    return !this.stopped;
  }
}

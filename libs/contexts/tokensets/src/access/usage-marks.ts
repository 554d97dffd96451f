import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';

const FLUSH_MS = 5_000;

/** Moves `last_used_at`, at most once per UTC day and never while somebody waits. */
@Injectable()
export class UsageMarks implements BeforeApplicationShutdown {
  private used = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private written: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  mark(tokensetId: string): void {
    this.used.add(tokensetId);
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  /** When it returns, every use that was marked before is in the database, whoever has begun to write it. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.written = this.written.then(() => this.write());
    return this.written;
  }

  private async write(): Promise<void> {
    if (this.used.size === 0) return;
    const ids = [...this.used];
    this.used = new Set();
    // A row that somebody holds is marked with its next use: waiting for it would keep all the others locked.
    await this.database
      .query(
        `UPDATE tokensets SET last_used_at = clock_timestamp() WHERE id IN (
           SELECT id FROM tokensets
           WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < date_trunc('day', now(), 'UTC'))
           FOR UPDATE SKIP LOCKED)`,
        [ids],
      )
      .catch((error: unknown) => this.logger.warn({ err: error }, 'last use not written'));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }
}

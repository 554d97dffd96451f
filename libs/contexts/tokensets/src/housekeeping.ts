import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
import { Endings } from './ahead/endings.js';
import { PENDING_LIFE } from './redeem/redeem-journal.js';

const EVERY_MS = 60_000;

/** Erases what has had its time. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly endings: Endings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.sweep();
    }, EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Any number of processes may do this at once. */
  async sweep(): Promise<void> {
    try {
      await this.database.query(`DELETE FROM pending_redeems WHERE created_at < clock_timestamp() - ${PENDING_LIFE}`);
      // No connect session lives as long: its code cannot come again.
      await this.database.query(`DELETE FROM redeems WHERE started_at < clock_timestamp() - interval '1 day'`);
      // An attempt with an unknown outcome says how the tokenset got here for as long as it is there.
      await this.database.query(
        `DELETE FROM refresh_attempts a WHERE settled_at < clock_timestamp() - interval '7 days'
           AND NOT (state = 'unknown' AND EXISTS
             (SELECT FROM tokensets t WHERE t.id = a.tokenset_id AND t.cred_version = a.base_version))`,
      );
      await this.endings.remove();
    } catch (error) {
      this.logger.warn({ err: error }, 'housekeeping waits for the next time');
    }
  }
}

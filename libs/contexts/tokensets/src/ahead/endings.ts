import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
import { TokensetsSettings } from '../tokensets.options.js';
import { TokensetsService } from '../tokensets.service.js';
import { ENDED, UNUSED } from './endings.sql.js';

const AT_ONCE = 100;
const SYSTEM = { kind: 'system' } as const;

/** Deletes what nobody uses any more and what nobody can use any more (`spec/refresh.md` §4 step 25). */
@Injectable()
export class Endings {
  constructor(
    private readonly database: DataSource,
    private readonly tokensets: TokensetsService,
    private readonly settings: TokensetsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Any number of processes may do this at once: each row goes with one of them. */
  async remove(): Promise<void> {
    const { unusedTokensetDays } = this.settings;
    const days = String(unusedTokensetDays);
    for (;;) {
      const unused = await this.ids(`SELECT id FROM tokensets WHERE ${UNUSED} LIMIT ${AT_ONCE}`, [days]);
      if (unused.length > 0) await this.tokensets.delete({ unused, days }, 'unused', SYSTEM);
      const ended = await this.ids(`SELECT id FROM tokensets WHERE ${ENDED} LIMIT ${AT_ONCE}`, []);
      if (ended.length > 0) await this.tokensets.delete({ ended }, 'expired', SYSTEM);
      if (unused.length + ended.length > 0)
        this.logger.info({ unused: unused.length, expired: ended.length }, 'tokensets have had their time');
      if (unused.length < AT_ONCE && ended.length < AT_ONCE) return;
    }
  }

  private async ids(sql: string, values: unknown[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }[]>(sql, values);
    return rows.map(({ id }) => id);
  }
}

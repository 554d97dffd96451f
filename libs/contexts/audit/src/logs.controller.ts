import { Get, Param } from '@nestjs/common';
import {
  Answers,
  listAnswer,
  listQuery,
  listSchema,
  ManagementApi,
  ParsedQuery,
  Scopes,
  ValidationError,
} from '@strongroom/http';
import { z } from 'zod';
import type { LogEntry } from './log-entry.js';
import { logAnswer } from './log-entry.schema.js';
import { logSearch } from './log-search.js';
import { type Logged, LogsService } from './logs.service.js';

const query = z.strictObject({ ...listQuery, ...logSearch });
const PLACE = /^\d{1,18}$/;

@ManagementApi('logs')
export class LogsController {
  constructor(private readonly logs: LogsService) {}

  @Get()
  @Answers(200, listSchema('logs', logAnswer))
  @Scopes('read:logs')
  list(@ParsedQuery(query) { q = [], ...asked }: z.output<typeof query>): Promise<unknown> {
    let stopped: string | null = null;
    const source = {
      page: async (offset: number, limit: number) => ({
        items: await this.logs.page(q, offset, limit),
        total: asked.include_totals === 'true' ? await this.logs.total(q) : 0, // counting a ledger is dear
      }),
      after: async (place: string | null, limit: number) => {
        if (place !== null && !PLACE.test(place))
          throw ValidationError.of('query', 'from', 'is not a cursor of this list');
        const { items, stoppedAt } = await this.logs.after(q, place, limit);
        stopped = stoppedAt;
        return items;
      },
      key: ({ n }: Logged) => n,
      stoppedAt: () => stopped,
    };
    return listAnswer('logs', asked, source, ({ entry }) => entry);
  }

  @Get(':log_id')
  @Answers(200, logAnswer)
  @Scopes('read:logs')
  get(@Param('log_id') logId: string): Promise<LogEntry> {
    return this.logs.get(logId);
  }
}

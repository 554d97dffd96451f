import { Delete, Get, Param, Post } from '@nestjs/common';
import {
  Answers,
  cursor,
  ManagementApi,
  openCursor,
  pageSchema,
  ParsedQuery,
  Scopes,
  ValidationError,
} from '@strongroom/http';
import { z } from 'zod';
import { ParkedEventNotFoundError, UnknownContextError } from './parked-events.errors.js';
import { type ParkedOffice, ParkedOffices, type Replayed } from './parked-office.js';

const listQuery = z.strictObject({
  consumer: z.string().max(255).optional(),
  key: z.string().max(255).optional(),
  from: z.string().max(500).optional(),
  take: z.coerce.number().int().min(1).max(100).default(50),
});
const parkedAnswer = z.strictObject({
  id: z.string(),
  consumer: z.string(),
  topic: z.string(),
  key: z.string().nullable(),
  event_id: z.string().nullable(),
  type: z.string().nullable(),
  sequence: z.number().nullable(),
  error_class: z.string(),
  tries: z.int(),
  parked_at: z.iso.datetime(),
});
const replayedAnswer = z.strictObject({ replayed: z.int(), parked: z.int() });
const dropQuery = z.strictObject({ reason: z.string().min(1).max(500) });
const ID = /^\d{1,18}$/;

/** What operators do with events that a consumer could not handle (`spec/wire-contract.md` §5.8). */
@ManagementApi('events/:context/parked')
export class ParkedEventsController {
  constructor(private readonly offices: ParkedOffices) {}

  @Get()
  @Answers(200, pageSchema('parked', parkedAnswer))
  @Scopes('read:events')
  async list(
    @Param('context') context: string,
    @ParsedQuery(listQuery) { consumer, key, from, take }: z.output<typeof listQuery>,
  ): Promise<unknown> {
    const office = this.officeOf(context);
    if (consumer !== undefined && consumer !== office.consumer) return { parked: [] };
    const after = from === undefined ? '0' : openCursor(from);
    if (!ID.test(after)) throw ValidationError.of('query', 'from', 'is not a cursor of this list');
    const found = await office.list({ after, limit: take + 1, ...(key === undefined ? {} : { key }) });
    const parked = found.slice(0, take);
    return found.length > take ? { parked, next: cursor(parked.at(-1)!.id) } : { parked };
  }

  @Post(':id/replay')
  @Answers(200, replayedAnswer)
  @Scopes('update:events')
  async replay(@Param('context') context: string, @Param('id') id: string): Promise<Replayed> {
    const office = this.officeOf(context);
    const event = ID.test(id) ? await office.get(id) : null;
    if (!event) throw new ParkedEventNotFoundError();
    return office.replay(event.key === null ? { id } : { topic: event.topic, key: event.key });
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('update:events')
  async drop(
    @Param('context') context: string,
    @Param('id') id: string,
    @ParsedQuery(dropQuery) { reason }: z.output<typeof dropQuery>,
  ): Promise<void> {
    const office = this.officeOf(context);
    if (!ID.test(id) || !(await office.drop(id, reason))) throw new ParkedEventNotFoundError();
  }

  private officeOf(context: string): ParkedOffice {
    const office = this.offices.of(context);
    if (!office) throw new UnknownContextError();
    return office;
  }
}

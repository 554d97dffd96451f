import { Delete, Get, Param } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, MyAccountApi, pageSchema, ParsedQuery, Scopes } from '@strongroom/http';
import { checkpointQuery, type CheckpointQuery } from './checkpoint.js';
import { SessionsReads } from './sessions.reads.js';
import { SessionsService } from './sessions.service.js';
import { ownSessionAnswer, sessionView } from './session-view.js';

/** Where a person is signed in, as they see and end it themselves. */
@MyAccountApi('sessions')
export class MySessionsController {
  constructor(
    private readonly reads: SessionsReads,
    private readonly sessions: SessionsService,
  ) {}

  @Get()
  @Answers(200, pageSchema('sessions', ownSessionAnswer))
  @Scopes('read:me:sessions')
  list(@Caller() { personId, sessionId }: BearerIdentity, @ParsedQuery(checkpointQuery) query: CheckpointQuery) {
    return this.reads.list(personId!, query, (row) => ({ ...sessionView(row), current: row.id === sessionId }));
  }

  @Delete()
  @Answers(204)
  @Scopes('delete:me:sessions')
  async deleteOthers(@Caller() { personId, sessionId }: BearerIdentity): Promise<void> {
    await this.sessions.revokeOthers(personId!, sessionId);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:me:sessions')
  async delete(@Caller() { personId }: BearerIdentity, @Param('id') id: string): Promise<void> {
    await this.sessions.revokeOwn(personId!, id);
  }
}

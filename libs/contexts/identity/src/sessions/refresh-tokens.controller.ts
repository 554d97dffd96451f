import { Delete, Get, Param } from '@nestjs/common';
import { Answers, ManagementApi, pageSchema, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { checkpointMembers } from './checkpoint.js';
import { refreshTokenAnswer } from './refresh-token-view.js';
import { RefreshTokensReads } from './refresh-tokens.reads.js';
import { SessionsReads } from './sessions.reads.js';
import { SessionsService } from './sessions.service.js';

const listQuery = z.strictObject({
  ...checkpointMembers,
  user_id: z.string().min(1).max(500),
  client_id: z.string().max(255).optional(),
});

@ManagementApi('refresh-tokens')
export class RefreshTokensController {
  constructor(
    private readonly reads: RefreshTokensReads,
    private readonly people: SessionsReads,
    private readonly sessions: SessionsService,
  ) {}

  @Get()
  @Answers(200, pageSchema('refresh_tokens', refreshTokenAnswer))
  @Scopes('read:refresh_tokens')
  async list(@ParsedQuery(listQuery) { user_id, client_id: clientId, ...query }: z.output<typeof listQuery>) {
    return this.reads.list('refresh_tokens', { personId: await this.people.personOf(user_id), clientId }, query);
  }

  @Get(':id')
  @Answers(200, refreshTokenAnswer)
  @Scopes('read:refresh_tokens')
  get(@Param('id') id: string) {
    return this.reads.get(id);
  }

  @Delete(':id')
  @Answers(202)
  @Scopes('delete:refresh_tokens')
  async delete(@Param('id') id: string): Promise<void> {
    await this.sessions.deleteRefreshToken(id);
  }
}

import { Delete, Get, Param, Post } from '@nestjs/common';
import { Answers, JsonBody, ManagementApi, pageSchema, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { checkpointQuery, type CheckpointQuery } from './checkpoint.js';
import { refreshTokenAnswer } from './refresh-token-view.js';
import { RefreshTokensReads } from './refresh-tokens.reads.js';
import { SessionsReads } from './sessions.reads.js';
import { SessionsService } from './sessions.service.js';
import { sessionAnswer } from './session-view.js';

const revokeAccess = z.strictObject({
  session_id: z.string().min(1).max(100).optional(),
  preserve_refresh_tokens: z.boolean().optional(),
});

@ManagementApi('sessions')
export class SessionsController {
  constructor(
    private readonly reads: SessionsReads,
    private readonly sessions: SessionsService,
  ) {}

  @Get(':id')
  @Answers(200, sessionAnswer)
  @Scopes('read:sessions')
  get(@Param('id') id: string) {
    return this.reads.get(id);
  }

  @Delete(':id')
  @Answers(202)
  @Scopes('delete:sessions')
  async delete(@Param('id') id: string): Promise<void> {
    await this.sessions.delete(id);
  }

  @Post(':id/revoke')
  @Answers(202)
  @Scopes('delete:sessions')
  @Scopes('delete:refresh_tokens')
  async revoke(@Param('id') id: string): Promise<void> {
    await this.sessions.revoke(id);
  }
}

/** What one person has open. */
@ManagementApi('users/:userId')
export class UserSessionsController {
  constructor(
    private readonly reads: SessionsReads,
    private readonly tokens: RefreshTokensReads,
    private readonly sessions: SessionsService,
  ) {}

  @Get('sessions')
  @Answers(200, pageSchema('sessions', sessionAnswer))
  @Scopes('read:sessions')
  async list(@Param('userId') userId: string, @ParsedQuery(checkpointQuery) query: CheckpointQuery) {
    return this.reads.list(await this.reads.personOf(userId), query);
  }

  @Delete('sessions')
  @Answers(202)
  @Scopes('delete:sessions')
  async delete(@Param('userId') userId: string): Promise<void> {
    await this.sessions.deleteAll(userId);
  }

  @Post('revoke-access')
  @Answers(202)
  @Scopes('delete:sessions')
  @Scopes('delete:refresh_tokens')
  async revokeAccess(
    @Param('userId') userId: string,
    @JsonBody(revokeAccess) body: z.output<typeof revokeAccess>,
  ): Promise<void> {
    const { session_id, preserve_refresh_tokens } = body;
    await this.sessions.revokeAccess(userId, session_id, { refreshTokens: !preserve_refresh_tokens });
  }

  @Get('refresh-tokens')
  @Answers(200, pageSchema('tokens', refreshTokenAnswer))
  @Scopes('read:refresh_tokens')
  async refreshTokens(@Param('userId') userId: string, @ParsedQuery(checkpointQuery) query: CheckpointQuery) {
    return this.tokens.list('tokens', { personId: await this.reads.personOf(userId) }, query);
  }

  @Delete('refresh-tokens')
  @Answers(202)
  @Scopes('delete:refresh_tokens')
  async deleteRefreshTokens(@Param('userId') userId: string): Promise<void> {
    await this.sessions.deleteRefreshTokens(userId);
  }
}

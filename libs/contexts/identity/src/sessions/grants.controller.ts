import { Delete, Get, Param } from '@nestjs/common';
import { Answers, listQuery, listSchema, ManagementApi, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { grantAnswer, GrantsService } from './grants.service.js';

const filter = z.strictObject({
  ...listQuery,
  user_id: z.string().max(500).optional(),
  client_id: z.string().max(255).optional(),
  audience: z.string().max(600).optional(),
});
const ofUser = z.strictObject({ user_id: z.string().min(1).max(500) });

@ManagementApi('grants')
export class GrantsController {
  constructor(private readonly grants: GrantsService) {}

  @Get()
  @Answers(200, listSchema('grants', grantAnswer))
  @Scopes('read:grants')
  list(@ParsedQuery(filter) query: z.output<typeof filter>) {
    return this.grants.list(query);
  }

  @Delete()
  @Answers(204)
  @Scopes('delete:grants')
  async deleteAll(@ParsedQuery(ofUser) { user_id }: z.output<typeof ofUser>): Promise<void> {
    await this.grants.deleteAll(user_id);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:grants')
  async delete(@Param('id') id: string): Promise<void> {
    await this.grants.delete(id);
  }
}

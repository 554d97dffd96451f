import { Delete, Get, Param, Patch, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import {
  Answers,
  Caller,
  JsonBody,
  listQuery as anyList,
  listSchema,
  ManagementApi,
  ParsedQuery,
  Scopes,
} from '@strongroom/http';
import { z } from 'zod';
import {
  createClientGrant,
  grantAnswer,
  updateClientGrant,
  type CreateClientGrant,
  type UpdateClientGrant,
} from './client-grant.schema.js';
import { ClientGrantsService } from './client-grants.service.js';

const listQuery = z.strictObject({
  ...anyList,
  audience: z.string().max(600).optional(),
  client_id: z.string().max(64).optional(),
  subject_type: z.enum(['client', 'user']).optional(),
});

@ManagementApi('client-grants')
export class ClientGrantsController {
  constructor(private readonly grants: ClientGrantsService) {}

  @Get()
  @Answers(200, listSchema('client_grants', grantAnswer))
  @Scopes('read:client_grants')
  list(@ParsedQuery(listQuery) query: z.output<typeof listQuery>) {
    return this.grants.list(query);
  }

  @Post()
  @Answers(201, grantAnswer)
  @Scopes('create:client_grants')
  create(@JsonBody(createClientGrant) body: CreateClientGrant, @Caller() caller: BearerIdentity) {
    return this.grants.create(body, caller);
  }

  @Get(':id')
  @Answers(200, grantAnswer)
  @Scopes('read:client_grants')
  get(@Param('id') id: string) {
    return this.grants.get(id);
  }

  @Patch(':id')
  @Answers(200, grantAnswer)
  @Scopes('update:client_grants')
  update(
    @Param('id') id: string,
    @JsonBody(updateClientGrant) body: UpdateClientGrant,
    @Caller() caller: BearerIdentity,
  ) {
    return this.grants.update(id, body, caller);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:client_grants')
  async delete(@Param('id') id: string, @Caller() caller: BearerIdentity): Promise<void> {
    await this.grants.delete(id, caller);
  }
}

import { Delete, Get, Param, Patch, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, JsonBody, listSchema, ManagementApi, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { clientAnswer, clientFields } from './client.answer.js';
import { createClient, updateClient, type CreateClient, type UpdateClient } from './client.schema.js';
import { ClientsReads } from './clients.reads.js';
import { ClientsService } from './clients.service.js';
import { fieldsQuery } from '../listing.js';

const flag = z.enum(['true', 'false']).optional();
const listQuery = z.strictObject({
  ...fieldsQuery,
  is_first_party: flag,
  is_global: flag,
  app_type: z.string().max(500).optional(),
});
const { fields, include_fields } = fieldsQuery;
const oneQuery = z.strictObject({ fields, include_fields });

@ManagementApi('clients')
export class ClientsController {
  constructor(
    private readonly clients: ClientsService,
    private readonly reads: ClientsReads,
  ) {}

  @Get()
  @Answers(200, listSchema('clients', clientFields))
  @Scopes('read:clients', 'read:client_keys')
  list(@ParsedQuery(listQuery) query: z.output<typeof listQuery>, @Caller() caller: BearerIdentity) {
    return this.reads.list(query, caller);
  }

  @Post()
  @Answers(201, clientAnswer)
  @Scopes('create:clients')
  create(@JsonBody(createClient) body: CreateClient, @Caller() caller: BearerIdentity) {
    return this.clients.create(body, caller);
  }

  @Get(':id')
  @Answers(200, clientFields)
  @Scopes('read:clients', 'read:client_keys')
  get(
    @Param('id') id: string,
    @ParsedQuery(oneQuery) query: z.output<typeof oneQuery>,
    @Caller() caller: BearerIdentity,
  ) {
    return this.reads.get(id, query, caller);
  }

  @Patch(':id')
  @Answers(200, clientAnswer)
  @Scopes('update:clients')
  update(@Param('id') id: string, @JsonBody(updateClient) body: UpdateClient, @Caller() caller: BearerIdentity) {
    return this.clients.update(id, body, caller);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:clients')
  async delete(@Param('id') id: string, @Caller() caller: BearerIdentity): Promise<void> {
    await this.clients.delete(id, caller);
  }

  @Post(':id/rotate-secret')
  @Answers(200, clientAnswer)
  @Scopes('update:client_keys')
  rotateSecret(@Param('id') id: string, @Caller() caller: BearerIdentity) {
    return this.clients.rotateSecret(id, caller);
  }
}

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
  apiAnswer,
  createResourceServer,
  updateResourceServer,
  type CreateResourceServer,
  type UpdateResourceServer,
} from './resource-server.schema.js';
import { ResourceServersService } from './resource-servers.service.js';

const listQuery = z.strictObject(anyList);

/** `:id` is the id or the URL-encoded identifier. */
@ManagementApi('resource-servers')
export class ResourceServersController {
  constructor(private readonly apis: ResourceServersService) {}

  @Get()
  @Answers(200, listSchema('resource_servers', apiAnswer))
  @Scopes('read:resource_servers')
  list(@ParsedQuery(listQuery) query: z.output<typeof listQuery>) {
    return this.apis.list(query);
  }

  @Post()
  @Answers(201, apiAnswer)
  @Scopes('create:resource_servers')
  create(@JsonBody(createResourceServer) body: CreateResourceServer, @Caller() caller: BearerIdentity) {
    return this.apis.create(body, caller);
  }

  @Get(':id')
  @Answers(200, apiAnswer)
  @Scopes('read:resource_servers')
  get(@Param('id') id: string) {
    return this.apis.get(id);
  }

  @Patch(':id')
  @Answers(200, apiAnswer)
  @Scopes('update:resource_servers')
  update(
    @Param('id') id: string,
    @JsonBody(updateResourceServer) body: UpdateResourceServer,
    @Caller() caller: BearerIdentity,
  ) {
    return this.apis.update(id, body, caller);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:resource_servers')
  async delete(@Param('id') id: string, @Caller() caller: BearerIdentity): Promise<void> {
    await this.apis.delete(id, caller);
  }
}

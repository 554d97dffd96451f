import { Delete, Get, Param, Patch, Post, Res } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import {
  AlsoAnswers,
  Answers,
  Caller,
  JsonBody,
  listQuery,
  listSchema,
  ManagementApi,
  pageSchema,
  ParsedQuery,
  Scopes,
} from '@strongroom/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  clientStates,
  type ClientStates,
  connectionAnswer,
  connectionFields,
  createConnection,
  type CreateConnection,
  updateConnection,
  type UpdateConnection,
} from './connection.schema.js';
import { ConnectionsReads } from './connections.reads.js';
import { ConnectionsService } from './connections.service.js';

const fields = {
  fields: z.string().max(1000).optional(),
  include_fields: z.enum(['true', 'false']).optional(),
};
const one = z.strictObject(fields);
const many = z.strictObject({
  ...listQuery,
  ...fields,
  strategy: z
    .union([z.string().max(64), z.array(z.string().max(64)).max(20)])
    .transform((value) => [value].flat())
    .optional(),
  name: z.string().max(128).optional(),
});
const clientsPage = z.strictObject({ from: listQuery.from, take: listQuery.take });

@ManagementApi('connections')
export class ConnectionsController {
  constructor(
    private readonly connections: ConnectionsService,
    private readonly reads: ConnectionsReads,
  ) {}

  @Get()
  @Answers(200, listSchema('connections', connectionFields))
  @Scopes('read:connections')
  list(@ParsedQuery(many) query: z.output<typeof many>): Promise<unknown> {
    return this.reads.list(query);
  }

  @Post()
  @Answers(201, connectionAnswer)
  @Scopes('create:connections')
  create(@JsonBody(createConnection) body: CreateConnection, @Caller() caller: BearerIdentity): Promise<unknown> {
    return this.connections.create(body, caller);
  }

  @Get(':id')
  @Answers(200, connectionFields)
  @Scopes('read:connections')
  get(@Param('id') id: string, @ParsedQuery(one) query: z.output<typeof one>): Promise<unknown> {
    return this.reads.get(id, query);
  }

  @Patch(':id')
  @Answers(200, connectionAnswer)
  @Scopes('update:connections')
  update(
    @Param('id') id: string,
    @JsonBody(updateConnection) body: UpdateConnection,
    @Caller() caller: BearerIdentity,
  ): Promise<unknown> {
    return this.connections.update(id, body, caller);
  }

  /** 202 while others still learn of it by event; 204 if there is nothing left to remove. */
  @Delete(':id')
  @Answers(202)
  @AlsoAnswers(204)
  @Scopes('delete:connections')
  async delete(
    @Param('id') id: string,
    @Caller() caller: BearerIdentity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    reply.code((await this.connections.delete(id, caller)) ? 202 : 204);
  }

  @Get(':id/clients')
  @Answers(200, pageSchema('clients', z.strictObject({ client_id: z.string() })))
  @Scopes('read:connections')
  clients(@Param('id') id: string, @ParsedQuery(clientsPage) query: z.output<typeof clientsPage>): Promise<unknown> {
    return this.reads.clients(id, query);
  }

  @Patch(':id/clients')
  @Answers(204)
  @Scopes('update:connections')
  async changeClients(
    @Param('id') id: string,
    @JsonBody(clientStates) body: ClientStates,
    @Caller() caller: BearerIdentity,
  ): Promise<void> {
    await this.connections.changeClients(id, body, caller);
  }
}

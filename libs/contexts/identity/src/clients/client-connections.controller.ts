import { Get, Param } from '@nestjs/common';
import { type BearerIdentity, ConnectionListing } from '@strongroom/contracts';
import {
  Answers,
  Caller,
  listAnswer,
  type ListSource,
  ManagementApi,
  pageSchema,
  ParsedQuery,
  Scopes,
} from '@strongroom/http';
import { z } from 'zod';
import { ClientsReads } from './clients.reads.js';
import { fieldsQuery, withFields } from '../listing.js';

const { from, take, fields, include_fields } = fieldsQuery;
const strategy = z
  .union([z.string().max(64), z.array(z.string().max(64)).max(20)])
  .transform((value) => [value].flat())
  .optional();
const query = z.strictObject({ from, take, fields, include_fields, strategy });

type Listed = Awaited<ReturnType<ConnectionListing['ofClient']>>[number];

/** As `connections` shows one, but for the list of its clients; `fields` may choose. */
const connection = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  strategy: z.string().optional(),
});

@ManagementApi('clients/:id/connections')
export class ClientConnectionsController {
  constructor(
    private readonly clients: ClientsReads,
    private readonly connections: ConnectionListing,
  ) {}

  /** Always the checkpoint shape. */
  @Get()
  @Answers(200, pageSchema('connections', connection))
  @Scopes('read:connections')
  @Scopes('read:clients', 'read:client_summary')
  async list(
    @Param('id') clientId: string,
    @ParsedQuery(query) asked: z.output<typeof query>,
    @Caller() caller: BearerIdentity,
  ): Promise<unknown> {
    await this.clients.get(clientId, {}, caller);
    const strategies = asked.strategy ?? null;
    const source: ListSource<Listed> = {
      page: () => Promise.reject(new Error('this list has no numbered pages')),
      after: (after, limit) => this.connections.ofClient(clientId, { after, limit, strategies }),
      key: ({ name }) => name,
    };
    const page = { from: asked.from, take: asked.take ?? 50 };
    return listAnswer('connections', page, source, ({ shown }) => withFields(asked, shown));
  }
}

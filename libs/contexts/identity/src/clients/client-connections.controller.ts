import { Get, Param } from '@nestjs/common';
import { type BearerIdentity, ConnectionListing } from '@strongroom/contracts';
import {
  Caller,
  InsufficientScopeError,
  listAnswer,
  type ListSource,
  ManagementApi,
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

/** Beside the right to read connections, one to read the client that they are listed for. */
const OF_THE_CLIENT = ['read:clients', 'read:client_summary'];

@ManagementApi('clients/:id/connections')
export class ClientConnectionsController {
  constructor(
    private readonly clients: ClientsReads,
    private readonly connections: ConnectionListing,
  ) {}

  /** Always the checkpoint shape. */
  @Get()
  @Scopes('read:connections')
  async list(
    @Param('id') clientId: string,
    @ParsedQuery(query) asked: z.output<typeof query>,
    @Caller() caller: BearerIdentity,
  ): Promise<unknown> {
    if (!OF_THE_CLIENT.some((scope) => caller.scopes.includes(scope))) throw new InsufficientScopeError(OF_THE_CLIENT);
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

import { Injectable } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { KeyRing } from '@strongroom/crypto';
import { listAnswer, type ListQuery } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { openClientSecret } from './client-secret.js';
import { clientView } from './client-view.js';
import { ClientEntity } from './client.entity.js';
import { listOf, withFields } from '../listing.js';
import { InexistentError } from '../registry.errors.js';

export interface ClientsQuery extends ListQuery {
  fields?: string | undefined;
  include_fields?: 'true' | 'false' | undefined;
  is_first_party?: 'true' | 'false' | undefined;
  is_global?: 'true' | 'false' | undefined;
  app_type?: string | undefined;
}

/** Looks clients up for the Management API. */
@Injectable()
export class ClientsReads {
  constructor(
    private readonly database: DataSource,
    private readonly keys: KeyRing,
  ) {}

  list(query: ClientsQuery, caller: BearerIdentity): Promise<unknown> {
    const rows = this.database.getRepository(ClientEntity).createQueryBuilder('client').where('true');
    if (query.is_first_party) rows.andWhere('client.isFirstParty = :first', { first: query.is_first_party === 'true' });
    if (query.app_type) rows.andWhere('client.appType IN (:...types)', { types: query.app_type.split(',') });
    if (query.is_global === 'true') rows.andWhere('false'); // there is no global client
    return listAnswer(
      'clients',
      query,
      listOf(rows, 'client.clientId', ({ clientId }) => clientId),
      (client) => withFields(query, this.show(client, caller)),
    );
  }

  async get(
    clientId: string,
    query: Pick<ClientsQuery, 'fields' | 'include_fields'>,
    caller: BearerIdentity,
  ): Promise<Record<string, unknown>> {
    const client = await this.database.getRepository(ClientEntity).findOneBy({ clientId });
    if (!client) throw new InexistentError('client');
    return withFields(query, this.show(client, caller));
  }

  /** The secret is answered only to who may read it. */
  private show(client: ClientEntity, { scopes }: BearerIdentity): Record<string, unknown> {
    return clientView(client, scopes.includes('read:client_keys') ? openClientSecret(this.keys, client) : null);
  }
}

import { Injectable } from '@nestjs/common';
import { listAnswer, type ListQuery, type ListSource, PublicUrl } from '@strongroom/http';
import { Catalogue } from '@strongroom/providers';
import { DataSource, In, type SelectQueryBuilder } from 'typeorm';
import { ConnectionClientEntity, ConnectionEntity } from './connection.entity.js';
import { clientsOf } from './connection-rows.js';
import { shownConnection } from './connection-view.js';
import { InexistentConnectionError } from './connections.errors.js';

export interface Fields {
  fields?: string | undefined;
  include_fields?: 'true' | 'false' | undefined;
}
export interface ConnectionsQuery extends ListQuery, Fields {
  strategy?: string[] | undefined;
  name?: string | undefined;
}
interface Listed {
  row: ConnectionEntity;
  clients: string[];
}

/** Lists and single connections as administrators see them. */
@Injectable()
export class ConnectionsReads {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
    private readonly catalogue: Catalogue,
  ) {}

  list(query: ConnectionsQuery): Promise<unknown> {
    const rows = this.database.getRepository(ConnectionEntity).createQueryBuilder('c').orderBy('c.name');
    if (query.strategy) rows.andWhere('c.strategy IN (:...strategies)', { strategies: query.strategy });
    if (query.name !== undefined) rows.andWhere('c.name = :name', { name: query.name });
    return listAnswer('connections', query, this.source(rows), ({ row, clients }) =>
      chosen(query, shownConnection(this.catalogue, row, clients, this.publicUrl)),
    );
  }

  async get(id: string, query: Fields): Promise<unknown> {
    const row = await this.found(id);
    return chosen(
      query,
      shownConnection(this.catalogue, row, await clientsOf(this.database.manager, id), this.publicUrl),
    );
  }

  /** Always the checkpoint shape. */
  async clients(id: string, { from, take = 50 }: Pick<ListQuery, 'from' | 'take'>): Promise<unknown> {
    await this.found(id);
    const source: ListSource<string> = {
      page: () => Promise.reject(new Error('a list of clients has no numbered pages')),
      after: async (after, limit) => {
        const rows = this.database
          .getRepository(ConnectionClientEntity)
          .createQueryBuilder('e')
          .where('e.connection_id = :id', { id })
          .orderBy('e.client_id')
          .limit(limit);
        if (after !== null) rows.andWhere('e.client_id > :after', { after });
        return (await rows.getMany()).map(({ clientId }) => clientId);
      },
      key: (clientId) => clientId,
    };
    return listAnswer('clients', { from, take }, source, (clientId) => ({ client_id: clientId }));
  }

  private async found(id: string): Promise<ConnectionEntity> {
    const row = await this.database.manager.findOneBy(ConnectionEntity, { id });
    if (!row) throw new InexistentConnectionError();
    return row;
  }

  private source(rows: SelectQueryBuilder<ConnectionEntity>): ListSource<Listed> {
    return {
      page: async (offset, limit) => {
        const [items, total] = await rows.clone().offset(offset).limit(limit).getManyAndCount();
        return { items: await this.withClients(items), total };
      },
      after: async (after, limit) => {
        const next = rows.clone().limit(limit);
        if (after !== null) next.andWhere('c.name > :after', { after });
        return this.withClients(await next.getMany());
      },
      key: ({ row }) => row.name,
    };
  }

  private async withClients(rows: ConnectionEntity[]): Promise<Listed[]> {
    const all = await this.database.manager.find(ConnectionClientEntity, {
      where: { connectionId: In(rows.map(({ id }) => id)) },
      order: { clientId: 'ASC' },
    });
    return rows.map((row) => ({
      row,
      clients: all.filter(({ connectionId }) => connectionId === row.id).map(({ clientId }) => clientId),
    }));
  }
}

/** Keeps the members that `fields` names, or drops them with `include_fields=false`. */
function chosen({ fields, include_fields }: Fields, shown: Record<string, unknown>): Record<string, unknown> {
  if (!fields) return shown;
  const named = new Set(fields.split(',').map((name) => name.trim()));
  const isWanted = include_fields !== 'false';
  return Object.fromEntries(Object.entries(shown).filter(([name]) => named.has(name) === isWanted));
}

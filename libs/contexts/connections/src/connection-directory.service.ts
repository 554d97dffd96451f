import { Injectable } from '@nestjs/common';
import { ConnectionDirectory, type ConnectionView } from '@strongroom/contracts';
import { Catalogue } from '@strongroom/providers';
import { DataSource, type ObjectLiteral } from 'typeorm';
import { ConnectionEntity } from './connection.entity.js';
import { directoryView } from './connection-view.js';
import type { DescribedConnection } from './deleted-connections.js';

/** What every other context may know of connections. Needs the database and nothing else, so that all can use it. */
@Injectable()
export class ConnectionDirectoryService extends ConnectionDirectory {
  constructor(
    private readonly database: DataSource,
    private readonly catalogue: Catalogue,
  ) {
    super();
  }

  async byName(name: string, clientId: string | null): Promise<ConnectionView | null> {
    return (await this.views('c.name = :name', { name }, clientId))[0] ?? null;
  }

  async byId(connectionId: string, clientId: string | null): Promise<ConnectionView | null> {
    return (await this.views('c.id = :connectionId', { connectionId }, clientId))[0] ?? null;
  }

  ofClient(clientId: string): Promise<ConnectionView[]> {
    return this.views(ENABLED, {}, clientId);
  }

  async credentials(connectionId: string): Promise<{ clientId: string; secretBox: string | null } | null> {
    const row = await this.database.manager.findOneBy(ConnectionEntity, { id: connectionId });
    const clientId = row?.options['client_id'];
    return typeof clientId === 'string' && clientId !== '' ? { clientId, secretBox: row!.secretBox } : null;
  }

  async deleted(connectionId: string): Promise<{ connection: ConnectionView; secretBox: string | null } | null> {
    const [kept] = await this.database.query<{ described: DescribedConnection; secret_box: string | null }[]>(
      'SELECT described, secret_box FROM deleted_connections WHERE id = $1',
      [connectionId],
    );
    if (!kept) return null;
    return { connection: directoryView(this.catalogue, kept.described, false), secretBox: kept.secret_box };
  }

  private async views(which: string, named: ObjectLiteral, clientId: string | null): Promise<ConnectionView[]> {
    const { entities, raw } = await this.database
      .getRepository(ConnectionEntity)
      .createQueryBuilder('c')
      .addSelect(ENABLED, 'enabled')
      .where(which, { ...named, clientId })
      .orderBy('c.name')
      .getRawAndEntities<{ enabled: boolean }>();
    return entities.map((row, index) => directoryView(this.catalogue, row, raw[index]!.enabled));
  }
}

const ENABLED = 'EXISTS (SELECT 1 FROM connection_clients e WHERE e.connection_id = c.id AND e.client_id = :clientId)';

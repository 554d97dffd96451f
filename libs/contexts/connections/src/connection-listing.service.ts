import { Injectable } from '@nestjs/common';
import { ConnectionListing, type ListingPage } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { Catalogue } from '@strongroom/providers';
import { DataSource } from 'typeorm';
import { ConnectionEntity } from './connection.entity.js';
import { shownConnection } from './connection-view.js';

/** A client's connections for the Management API of clients, which `identity` serves. */
@Injectable()
export class ConnectionListingService extends ConnectionListing {
  constructor(
    private readonly database: DataSource,
    private readonly catalogue: Catalogue,
    private readonly publicUrl: PublicUrl,
  ) {
    super();
  }

  async ofClient(
    clientId: string,
    { after, limit, strategies }: ListingPage,
  ): Promise<{ name: string; shown: Record<string, unknown> }[]> {
    const rows = this.database
      .getRepository(ConnectionEntity)
      .createQueryBuilder('c')
      .where('EXISTS (SELECT 1 FROM connection_clients e WHERE e.connection_id = c.id AND e.client_id = :clientId)', {
        clientId,
      })
      .orderBy('c.name')
      .limit(limit);
    if (after !== null) rows.andWhere('c.name > :after', { after });
    if (strategies) rows.andWhere('c.strategy IN (:...strategies)', { strategies });
    return (await rows.getMany()).map((row) => {
      const { enabled_clients: _, ...shown } = shownConnection(this.catalogue, row, [], this.publicUrl);
      return { name: row.name, shown };
    });
  }
}

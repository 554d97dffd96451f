import { Injectable } from '@nestjs/common';
import { ConnectionDirectory } from '@strongroom/contracts';
import { DataSource } from 'typeorm';
import { ProfileAccountEntity } from './profile-account.entity.js';

/** `connected_accounts[]` of a profile: the projection, with the names that connections have now. */
@Injectable()
export class ProfileAccounts {
  constructor(
    private readonly database: DataSource,
    private readonly directory: ConnectionDirectory,
  ) {}

  /** Oldest first. A connection that is gone takes its entries with it, before the event has arrived. */
  async of(personId: string): Promise<Record<string, unknown>[]> {
    const rows = await this.database
      .getRepository(ProfileAccountEntity)
      .find({ where: { personId, connected: true }, order: { createdAt: 'ASC', accountId: 'ASC' } });
    const ids = [...new Set(rows.map(({ connectionId }) => connectionId))];
    const found = await Promise.all(ids.map((id) => this.directory.byId(id, null)));
    const connections = new Map(found.flatMap((one) => (one ? [[one.connectionId, one] as const] : [])));
    return rows.flatMap((row) => {
      const connection = connections.get(row.connectionId);
      if (!connection) return [];
      return {
        id: row.accountId,
        connection: connection.name,
        connection_id: row.connectionId,
        strategy: connection.strategy,
        access_type: 'offline',
        scopes: row.scopes,
        created_at: row.createdAt.toISOString(),
      };
    });
  }
}

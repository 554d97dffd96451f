import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';
import { ConnectionClientEntity, ConnectionDomainEntity, ConnectionEntity } from './connection.entity.js';
import { CreateConnections1700000000200 } from './migrations/1700000000200-create-connections.js';
import { WatchProviders1700000000210 } from './migrations/1700000000210-watch-providers.js';
import { KeepDeletedConnections1700000000220 } from './migrations/1700000000220-keep-deleted-connections.js';

export const connectionsDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'connections',
  entities: [ConnectionEntity, ConnectionClientEntity, ConnectionDomainEntity],
  migrations: [
    ...messagingMigrations,
    ...databaseHomeMigrations,
    CreateConnections1700000000200,
    WatchProviders1700000000210,
    KeepDeletedConnections1700000000220,
  ],
});

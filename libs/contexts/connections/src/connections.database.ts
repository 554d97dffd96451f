import { messagingMigrations } from '@strongroom/messaging';
import type { ContextDatabase } from '@strongroom/persistence';
import { ConnectionClientEntity, ConnectionDomainEntity, ConnectionEntity } from './connection.entity.js';
import { CreateConnections1700000000200 } from './migrations/1700000000200-create-connections.js';
import { WatchProviders1700000000210 } from './migrations/1700000000210-watch-providers.js';

export const connectionsDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'connections',
  entities: [ConnectionEntity, ConnectionClientEntity, ConnectionDomainEntity],
  migrations: [...messagingMigrations, CreateConnections1700000000200, WatchProviders1700000000210],
});

import { messagingMigrations } from '@strongroom/messaging';
import type { ContextDatabase } from '@strongroom/persistence';
import { ConnectionClientEntity, ConnectionEntity } from './connection.entity.js';
import { CreateConnections1700000000200 } from './migrations/1700000000200-create-connections.js';

export const connectionsDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'connections',
  entities: [ConnectionEntity, ConnectionClientEntity],
  migrations: [...messagingMigrations, CreateConnections1700000000200],
});

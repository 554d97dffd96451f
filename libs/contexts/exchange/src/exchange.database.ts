import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';

/** `exchange` owns nothing but its outbox. */
export const exchangeDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'exchange',
  entities: [],
  migrations: [...messagingMigrations, ...databaseHomeMigrations],
  poolSize: 3,
});

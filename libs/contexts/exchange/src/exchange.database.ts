import { messagingMigrations } from '@strongroom/messaging';
import type { ContextDatabase } from '@strongroom/persistence';

/** `exchange` owns nothing but its outbox. */
export const exchangeDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'exchange',
  entities: [],
  migrations: [...messagingMigrations],
  poolSize: 3,
});

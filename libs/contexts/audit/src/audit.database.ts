import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';
import { CreateLedger1700000000001 } from './migrations/1700000000001-create-ledger.js';

export const auditDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'audit',
  entities: [],
  migrations: [...messagingMigrations, ...databaseHomeMigrations, CreateLedger1700000000001],
  appendOnly: ['ledger'],
});

import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';
import { CreateLedger1700000000001 } from './migrations/1700000000001-create-ledger.js';
import { FindWhatPeopleAreShown1700000000840 } from './migrations/1700000000840-find-what-people-are-shown.js';
import { OrderReceiptsByTime1700000000930 } from './migrations/1700000000930-order-receipts-by-time.js';

export const auditDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'audit',
  entities: [],
  migrations: [
    ...messagingMigrations,
    ...databaseHomeMigrations,
    CreateLedger1700000000001,
    FindWhatPeopleAreShown1700000000840,
    OrderReceiptsByTime1700000000930,
  ],
  appendOnly: ['ledger'],
});

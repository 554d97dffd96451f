/** Postgres: one data source per context, migrations and roles, prepared reads, the embedded server. Owns no table. */
export { contextDatabase, type Classes, type ContextDatabase } from './context-database.js';
export {
  databaseHomeMigrations,
  DatabaseRestoredError,
  refuseRestoredDatabase,
  settleDatabaseHome,
} from './database-home.js';
export { DatabaseModule } from './database.module.js';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
export { migrate } from './migrate.js';
export { pendingMigrations } from './pending-migrations.js';
export { prepareDatabase, type PreparedDatabase } from './prepare-database.js';
export { arrayText } from './array-text.js';
export { GroupsByArrival, isOfItsData } from './groups-by-arrival.js';
export { PreparedReads } from './prepared-reads.js';
export { runningPostgres } from './running-postgres.js';
export { roleOf } from './service-role.js';
export { Wires } from './wires.js';

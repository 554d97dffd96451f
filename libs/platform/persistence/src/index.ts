/** Postgres: one data source per context, migrations, prepared reads, the embedded server. Owns no table. */
export { contextDatabase, type Classes, type ContextDatabase } from './context-database.js';
export { DatabaseModule } from './database.module.js';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
export { migrate } from './migrate.js';
export { PreparedReads } from './prepared-reads.js';

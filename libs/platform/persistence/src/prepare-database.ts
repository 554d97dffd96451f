import pg from 'pg';
import type { ContextDatabase } from './context-database.js';
import { createDatabase } from './create-database.js';
import { grantOwnSchema } from './grants.js';
import { migrate } from './migrate.js';
import { ensureRole, roleOf } from './service-role.js';

export interface PreparedDatabase {
  role: string;
  isNewDatabase: boolean;
  isNewRole: boolean;
  /** Names of those that were applied now. */
  migrations: string[];
}

/**
 * A context's database as its service needs it: schema and tables, and a role with this password that may use these and
 * nothing else. `database.url` is the owner's. Safe to repeat, and to run from many processes at once.
 */
export async function prepareDatabase(database: ContextDatabase, password: string): Promise<PreparedDatabase> {
  const isNewDatabase = await createDatabase(database.url);
  const role = roleOf(database.schema);
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  try {
    await owner.query(`SELECT pg_advisory_lock(hashtext('strongroom:prepare'))`);
    const isNewRole = await ensureRole(owner, role, password);
    const migrations = await migrate(database);
    await grantOwnSchema(owner, database, role);
    return { role, isNewDatabase, isNewRole, migrations };
  } finally {
    await owner.end();
  }
}

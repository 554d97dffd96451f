import pg from 'pg';
import { type ContextDatabase, MIGRATIONS_TABLE } from './context-database.js';

const quoted = (name: string): string => pg.escapeIdentifier(name);

/**
 * Gives the role what its service needs in its own schema and takes everything else that it had there, in one
 * transaction: a service that runs meanwhile never finds itself without. Who is not the owner of database or schema
 * `public` can take nothing from `PUBLIC` there; Postgres then warns and goes on.
 */
export async function grantOwnSchema(owner: pg.Client, database: ContextDatabase, role: string): Promise<void> {
  const { rows: tables } = await owner.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
    [database.schema],
  );
  const { rows: current } = await owner.query<{ name: string }>('SELECT current_database() AS name');
  const schema = quoted(database.schema);
  const to = quoted(role);
  const here = quoted(current[0]!.name);
  const later = database.appendOnly ? 'SELECT, INSERT' : 'SELECT, INSERT, UPDATE, DELETE';
  const statements = [
    `REVOKE ALL ON DATABASE ${here} FROM PUBLIC`,
    'REVOKE ALL ON SCHEMA public FROM PUBLIC',
    `REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${here} TO ${to}`,
    `ALTER ROLE ${to} IN DATABASE ${here} SET search_path = ${schema}`,
    `REVOKE ALL ON SCHEMA ${schema} FROM ${to}`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${to}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${to}`,
    ...tables.map(({ name }) => `GRANT ${rightsOn(name, database)} ON ${schema}.${quoted(name)} TO ${to}`),
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${to}`,
    // Between the making of a later table and the next run of these lines: never more than the least.
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} REVOKE ALL ON TABLES FROM ${to}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT ${later} ON TABLES TO ${to}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE ON SEQUENCES TO ${to}`,
  ];
  await owner.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
}

function rightsOn(table: string, { appendOnly = [] }: ContextDatabase): string {
  if (table === MIGRATIONS_TABLE) return 'SELECT';
  return appendOnly.includes(table) ? 'SELECT, INSERT' : 'SELECT, INSERT, UPDATE, DELETE';
}

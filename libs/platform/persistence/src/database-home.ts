import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** On which Postgres server a schema lives. A dump that is restored elsewhere brings the name of its old server along. */
export class DatabaseHome1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE database_home (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        system_identifier text NOT NULL,
        settled_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(
      'INSERT INTO database_home (system_identifier) SELECT system_identifier::text FROM pg_control_system()',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE database_home');
  }
}

/** For each context. */
export const databaseHomeMigrations = [DatabaseHome1763800000000];

/** The schema was restored from a dump, or its cluster was made anew. What was deleted since may be back in it. */
export class DatabaseRestoredError extends Error {
  constructor(schema: string) {
    super(
      `the database of "${schema}" is a restored one: it was written on another Postgres server. ` +
        'Run `strongroom restore finish` before it is served (docs/operations.md).',
    );
    this.name = 'DatabaseRestoredError';
  }
}

/**
 * Asked at every start, before anything is read. Only a dump is noticed: a copy of the server's own files keeps its
 * identifier.
 *
 * @throws DatabaseRestoredError
 */
export async function refuseRestoredDatabase(url: string, schema: string): Promise<void> {
  const home = `${pg.escapeIdentifier(schema)}.database_home`;
  const found = await withClient(url, (client) =>
    client.query<{ is_home: boolean }>(
      `SELECT h.system_identifier = c.system_identifier::text AS is_home FROM ${home} h, pg_control_system() c`,
    ),
  );
  if (!found.rows[0]?.is_home) throw new DatabaseRestoredError(schema);
}

/** True: it was not at home before. */
export async function settleDatabaseHome(url: string, schema: string): Promise<boolean> {
  const home = `${pg.escapeIdentifier(schema)}.database_home`;
  const settled = await withClient(url, (client) =>
    client.query(
      `INSERT INTO ${home} AS h (system_identifier) SELECT system_identifier::text FROM pg_control_system()
       ON CONFLICT (is_only) DO UPDATE SET system_identifier = excluded.system_identifier, settled_at = now()
         WHERE h.system_identifier <> excluded.system_identifier`,
    ),
  );
  return settled.rowCount === 1;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

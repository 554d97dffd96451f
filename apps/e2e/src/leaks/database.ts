import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** The embedded database of a running standalone server, from outside: its files may hold values compressed. */
export async function databaseOf(dataDir: string): Promise<pg.Client> {
  const port = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[3];
  const password = readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim();
  const client = new pg.Client({ connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` });
  await client.connect();
  return client;
}

/** Every row of every table of ours, as text. */
export async function allRows(database: pg.Client): Promise<Map<string, string>> {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const contents = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await database.query<{ row: string }>(`SELECT one::text AS row FROM ${name} AS one`);
    contents.set(name, rows.map(({ row }) => row).join('\n'));
  }
  return contents;
}

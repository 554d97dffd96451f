import type pg from 'pg';

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

import type pg from 'pg';

/** A column's type in Postgres and its value in each of the new rows. */
export type Columns = Record<string, [type: string, values: readonly unknown[]]>;

/**
 * Rows like the one that `like` finds (`$1` is `key`), with other values in some columns; those that Postgres makes
 * itself it makes. A row that is there already stays.
 */
export async function clone(client: pg.Client, table: string, like: string, key: unknown, changed: Columns) {
  const [schema, name] = table.split('.');
  const { rows } = await client.query<{ column_name: string }>(
    `SELECT column_name FROM information_schema.columns
     WHERE table_schema = $1 AND table_name = $2 AND is_generated = 'NEVER' AND is_identity = 'NO'`,
    [schema, name],
  );
  const names = rows.map(({ column_name }) => column_name);
  const arrays = Object.values(changed).map(([type], i) => `$${i + 2}::${type}[]`);
  await client.query(
    `INSERT INTO ${table} (${names.join(', ')})
     SELECT ${names.map((column) => `${column in changed ? 'made' : 'one'}.${column}`).join(', ')}
     FROM (SELECT * FROM ${table} WHERE ${like} LIMIT 1) one
       CROSS JOIN unnest(${arrays.join(', ')}) AS made(${Object.keys(changed).join(', ')})
     ON CONFLICT DO NOTHING`,
    [key, ...Object.values(changed).map(([, values]) => values)],
  );
}

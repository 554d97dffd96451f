import pg from 'pg';

/** Every row of a schema, as a backup of the database holds them. */
export class TableDump {
  private constructor(private readonly tables: ReadonlyMap<string, string>) {}

  static async of(url: string, schema: string): Promise<TableDump> {
    return connected(url, schema, async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const tables = new Map<string, string>();
      for (const table of await tablesOf(client, schema)) {
        const { rows } = await client.query<{ rows: string }>(
          `SELECT coalesce(json_agg(t), '[]')::text AS rows FROM ${pg.escapeIdentifier(table)} t`,
        );
        tables.set(table, rows[0]!.rows);
      }
      return new TableDump(tables);
    });
  }

  /** All of it, as whoever steals it reads it. */
  get text(): string {
    return [...this.tables.values()].join('\n');
  }

  /** Into a schema of the same shape on any server; what was there is gone. */
  async restoreTo(url: string, schema: string): Promise<void> {
    await connected(url, schema, async (client) => {
      await client.query('BEGIN');
      await client.query('SET LOCAL session_replication_role = replica'); // as pg_restore does: no triggers, no order
      for (const table of this.tables.keys()) await client.query(`DELETE FROM ${pg.escapeIdentifier(table)}`);
      for (const [table, rows] of this.tables) {
        const columns = await storedColumnsOf(client, schema, table);
        const name = pg.escapeIdentifier(table);
        await client.query(
          `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE
           SELECT ${columns} FROM json_populate_recordset(null::${name}, $1::json)`,
          [rows],
        );
        await continueSequences(client, schema, table);
      }
      await client.query('COMMIT');
    });
  }
}

async function continueSequences(client: pg.Client, schema: string, table: string): Promise<void> {
  const { rows } = await client.query<{ column: string; sequence: string }>(
    `SELECT column_name AS column, pg_get_serial_sequence(format('%I.%I', $1::text, $2::text), column_name) AS sequence
     FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2`,
    [schema, table],
  );
  for (const { column, sequence } of rows)
    if (sequence !== null)
      await client.query(
        `SELECT setval($1, coalesce(max(${pg.escapeIdentifier(column)}), 1)) FROM ${pg.escapeIdentifier(table)}`,
        [sequence],
      );
}

async function tablesOf(client: pg.Client, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' ORDER BY relname`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

async function storedColumnsOf(client: pg.Client, schema: string, table: string): Promise<string> {
  const { rows } = await client.query<{ list: string }>(
    `SELECT string_agg(quote_ident(attname), ', ') AS list FROM pg_attribute
     WHERE attrelid = format('%I.%I', $1::text, $2::text)::regclass
       AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    [schema, table],
  );
  return rows[0]!.list;
}

async function connected<T>(url: string, schema: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

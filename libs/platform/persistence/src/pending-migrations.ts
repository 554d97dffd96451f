import pg from 'pg';
import { type ContextDatabase, MIGRATIONS_TABLE } from './context-database.js';

/** Nothing was ever applied: no schema, or no table in it. */
const NOTHING_YET = ['42P01', '3F000'];

/** Which of a context's migrations the database has not seen. Changes nothing; the service's own role may ask. */
export async function pendingMigrations({ url, schema, migrations }: ContextDatabase): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const table = `${pg.escapeIdentifier(schema)}.${MIGRATIONS_TABLE}`;
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${table}`);
    const applied = new Set(rows.map(({ name }) => name));
    return names(migrations).filter((name) => !applied.has(name));
  } catch (error) {
    if (NOTHING_YET.includes((error as { code?: string }).code ?? '')) return names(migrations);
    throw error;
  } finally {
    await client.end();
  }
}

/** As TypeORM writes them down. */
const names = (migrations: ContextDatabase['migrations']): string[] =>
  migrations.map((Migration) => (new Migration() as { name?: string }).name ?? Migration.name);

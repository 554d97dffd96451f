import pg from 'pg';
import { DataSource } from 'typeorm';
import { contextDatabase, type ContextDatabase } from './context-database.js';

/** Brings a context's schema up to date; returns what was applied. Safe to run from many processes at once. */
export async function migrate(database: ContextDatabase): Promise<string[]> {
  const guard = new pg.Client({ connectionString: database.url });
  await guard.connect();
  try {
    await guard.query(`select pg_advisory_lock(hashtext($1))`, [`strongroom:${database.schema}`]);
    await guard.query(`create schema if not exists ${pg.escapeIdentifier(database.schema)}`);
    const source = await new DataSource({ ...contextDatabase(database), poolSize: 1 }).initialize();
    try {
      return (await source.runMigrations({ transaction: 'each' })).map(({ name }) => name);
    } finally {
      await source.destroy();
    }
  } finally {
    await guard.end();
  }
}

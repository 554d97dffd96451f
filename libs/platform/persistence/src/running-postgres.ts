import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';

/** The address of the Postgres that serves this data directory now, under its owner; undefined: none does. */
export async function runningPostgres(dataDir: string): Promise<string | undefined> {
  const home = resolve(dataDir);
  try {
    const port = (await readFile(join(home, 'postgres/postmaster.pid'), 'utf8')).split('\n')[3];
    const password = (await readFile(join(home, 'postgres-password'), 'utf8')).trim();
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    return (await answers(url, join(home, 'postgres'))) ? url : undefined;
  } catch {
    return undefined; // no such file: nobody has started it, or it has stopped in order
  }
}

/** A file that a crash has left behind may name a port that somebody else has by now. */
async function answers(url: string, directory: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory === directory;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

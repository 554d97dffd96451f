import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** An empty database on a server that may be that of other tests, too; `name` says whose it is. */
export async function ownDatabase(serverUrl: string, name: string): Promise<string> {
  const database = `${name}_${randomUUID().replaceAll('-', '')}`;
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`CREATE DATABASE ${database}`);
  await server.end();
  const own = new URL(serverUrl);
  own.pathname = `/${database}`;
  return own.href;
}

import type { ServiceName } from '@strongroom/contracts';
import { type ContextDatabase, pendingMigrations } from '@strongroom/persistence';
import pg from 'pg';
import { contexts } from '../contexts.js';
import { reasonOf } from '../reason.js';
import { check, type Finding, skipped } from './finding.js';
import type { Subject } from './subject.js';

const CONNECT_MS = 5000;

/** Reachable, migrated, and under a role that may no more than it should. Changes nothing. */
export async function checkDatabase({ service, databaseUrl }: Subject): Promise<Finding[]> {
  const what = `database of ${service}`;
  if (databaseUrl === null) return [skipped(what, 'no address, or no password for its role, is set')];
  const database = contexts[service](databaseUrl);
  const reachable = await check(what, () => withClient(databaseUrl, () => Promise.resolve(placeOf(databaseUrl))));
  if (reachable.state !== 'ok')
    return [reachable, ...['schema', 'role'].map((part) => skipped(`${part} of ${service}`, 'its database is away'))];
  return [
    reachable,
    await check(`schema of ${service}`, () => checkMigrations(database)),
    await check(`role of ${service}`, () => withClient(databaseUrl, (client) => checkRole(client, service, database))),
  ];
}

/** @throws Error that says where and why, and nothing of the password. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined); // what runs on it fails and tells
  try {
    await client.connect().catch((error: unknown) => {
      throw new Error(`at ${placeOf(url)}: ${reasonOf(error)}`, { cause: error });
    });
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export const placeOf = (url: string): string => `${new URL(url).host}${new URL(url).pathname}`;

async function checkMigrations(database: ContextDatabase): Promise<string> {
  const pending = await pendingMigrations(database);
  if (pending.length > 0) throw new Error(`${pending.join(', ')} not applied: run "strongroom migrate"`);
  return `${database.migrations.length} migrations applied`;
}

async function checkRole(client: pg.Client, service: ServiceName, { schema, appendOnly = [] }: ContextDatabase) {
  const others = Object.values(contexts)
    .map((context) => context('').schema)
    .filter((other) => other !== schema);
  const { rows } = await client.query<{ may: string }>(
    `SELECT 'use schema ' || nspname AS may FROM pg_namespace
       WHERE nspname = ANY($1) AND has_schema_privilege(oid, 'USAGE, CREATE')
     UNION ALL SELECT 'change table ' || name FROM unnest($2::text[]) AS t(name)
       WHERE has_table_privilege(format('%I.%I', $3::text, name), 'UPDATE, DELETE, TRUNCATE')
     UNION ALL SELECT 'do more than a service (superuser, createdb, createrole, replication or bypassrls)' FROM pg_roles
       WHERE rolname = current_user AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)`,
    [others, appendOnly, schema],
  );
  if (rows.length === 0) return 'its own schema and no other';
  const too = rows.map(({ may }) => may).join(', ');
  throw new Error(`the role may ${too}: give ${service} the role that "strongroom migrate" made, and REVOKE the rest`);
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@strongroom/config';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import {
  type ContextDatabase,
  contextDatabase,
  migrate,
  pendingMigrations,
  startEmbeddedPostgres,
} from '@strongroom/persistence';
import { DataSource } from 'typeorm';
import { contexts } from '../contexts.js';
import { ownerUrlOf } from '../migrate/owner-databases.js';
import { migrateSettings } from '../settings.js';

export interface Where {
  /** Of a standalone server that is stopped. */
  dataDir?: string | undefined;
  environment?: NodeJS.ProcessEnv | undefined;
}

/** Each context's database under its owner. */
export type OwnedDatabases = Record<ServiceName, ContextDatabase>;

/** For the length of `work`; the Postgres of a data directory runs for as long. */
export async function withOwnedDatabases<T>(where: Where, work: (databases: OwnedDatabases) => Promise<T>): Promise<T> {
  if (where.dataDir === undefined) {
    const settings = loadConfig(migrateSettings, where.environment);
    const databases = each((service) => contexts[service](ownerUrlOf(service, settings)));
    for (const service of serviceNames) await refusePending(service, databases[service]);
    return work(databases);
  }
  const { dataDir } = where;
  if (!existsSync(join(dataDir, 'postgres/PG_VERSION'))) throw new Error(`${dataDir} holds no database.`);
  const postgres = await startEmbeddedPostgres({ dataDir });
  try {
    const databases = each((service) => contexts[service](postgres.url));
    for (const database of Object.values(databases)) await migrate(database); // as the server's own start would
    return await work(databases);
  } finally {
    await postgres.stop();
  }
}

export async function withDatabase<T>(database: ContextDatabase, work: (source: DataSource) => Promise<T>): Promise<T> {
  const options = contextDatabase({ ...database, entities: [], migrations: [], poolSize: 1 });
  const source = await new DataSource(options).initialize();
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}

const each = (database: (service: ServiceName) => ContextDatabase): OwnedDatabases =>
  Object.fromEntries(serviceNames.map((service) => [service, database(service)])) as OwnedDatabases;

async function refusePending(service: ServiceName, database: ContextDatabase): Promise<void> {
  const pending = await pendingMigrations(database);
  if (pending.length > 0)
    throw new Error(`the database of ${service} lacks ${pending.join(', ')}: run "strongroom migrate" first.`);
}

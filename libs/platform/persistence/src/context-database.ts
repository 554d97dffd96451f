import type { DataSourceOptions } from 'typeorm';

export type Classes = (new () => object)[];

export interface ContextDatabase {
  url: string;
  /** The context's own schema; its name with underscores. */
  schema: string;
  entities: Classes;
  /** Applied in this order. */
  migrations: Classes;
  /** Tables whose rows the service's role may add and read, and never change. */
  appendOnly?: readonly string[];
  /** Six contexts must fit the embedded server. */
  poolSize?: number;
}

export const MIGRATIONS_TABLE = 'migrations';

/**
 * A host that has gone says no goodbye: the locks of its sessions, those on parts of the outbox among them, must not wait
 * two hours for the server to find out.
 */
const KEEPALIVE = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

/** Migrations and entities are classes, never globs: globs break in bundles, in Jest and on other platforms. */
export const contextDatabase = ({ url, schema, entities, migrations, poolSize = 6 }: ContextDatabase) =>
  ({
    type: 'postgres',
    url,
    schema,
    entities,
    migrations: migrations as never[],
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    logging: false,
    poolSize,
    // Raw SQL and migrations speak of tables without naming the schema.
    extra: { options: `-c search_path=${schema} ${KEEPALIVE}`, application_name: `strongroom-${schema}` },
  }) satisfies DataSourceOptions;

import { ConfiguredMasterKeys, KeyRing } from '@strongroom/crypto';
import { contextDatabase, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { tokensetsDatabase } from '../../src/tokensets.database.js';

/** What stands between a process and Postgres: it may rewrite a statement, or fail before or after it. */
export interface Wire {
  sql(text: string): string;
  /** @throws what the driver would throw */
  before(text: string): void;
  after(text: string): void;
}

/**
 * Real Postgres whose clock is an argument: a schema before `pg_catalog` in the search path holds a `clock_timestamp()`
 * that answers what was set last. A sequence keeps it, for that is no transaction's own.
 */
export class ModelDatabase {
  private asked: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly postgres: TestService,
    /** Of the model: looks, and sets the time. */
    readonly own: DataSource,
    /** The same, for what is asked again and again. */
    private readonly eye: pg.Client,
    readonly ring: KeyRing,
    private readonly keys: DataSource,
  ) {}

  static async start(): Promise<ModelDatabase> {
    const postgres = await testPostgres();
    await migrate(tokensetsDatabase(postgres.url));
    const keys = await new DataSource(contextDatabase(tokensetsDatabase(postgres.url))).initialize();
    const masterKeys = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('model'));
    const ring = await KeyRing.load({ database: keys, masterKeys, context: 'tokensets' });
    await keys.query(CLOCK);
    const own = await new DataSource(onModelTime(postgres.url)).initialize();
    for (const { table, column } of await own.query<{ table: string; column: string }[]>(CLOCK_DEFAULTS))
      await own.query(`ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT clock_timestamp()`);
    const eye = new pg.Client({ connectionString: postgres.url, options: ON_MODEL_TIME });
    await eye.connect();
    return new ModelDatabase(postgres, own, eye, ring, keys);
  }

  /** The data source of one process, as it has it in the product, behind a wire. */
  async connect(wire: Wire): Promise<DataSource> {
    const source = await new DataSource(onModelTime(this.postgres.url)).initialize();
    const create = source.createQueryRunner.bind(source);
    source.createQueryRunner = (mode) => {
      const runner = create(mode);
      const query = runner.query.bind(runner) as (text: string, ...rest: unknown[]) => Promise<unknown>;
      runner.query = (async (text: string, ...rest: unknown[]) => {
        if (text !== 'ROLLBACK') wire.before(text);
        const answer = await query(wire.sql(text), ...rest);
        wire.after(text);
        return answer;
      }) as typeof runner.query;
      return runner;
    };
    return source;
  }

  /** Planned once. */
  async ask<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row | undefined> {
    const asked = this.asked.then(() => this.eye.query<Row>({ name, text, values }));
    this.asked = asked.catch(() => undefined);
    return (await asked).rows[0];
  }

  async setTime(ms: number): Promise<void> {
    await this.ask('set-time', `SELECT setval('model_clock.ticks', $1)`, [Math.round(ms)]);
  }

  /** The database server was started just now. */
  async restarted(ms: number): Promise<void> {
    await this.own.query(`SELECT setval('model_clock.started', $1)`, [Math.round(ms)]);
  }

  async knows(node: string): Promise<boolean> {
    return (await this.ask('knows', 'SELECT FROM nodes WHERE node = $1', [node])) !== undefined;
  }

  async stop(): Promise<void> {
    await this.ring.close();
    await this.eye.end();
    await this.own.destroy();
    await this.keys.destroy();
    await this.postgres.stop();
  }
}

const CLOCK = `
  CREATE SCHEMA model_clock;
  CREATE SEQUENCE model_clock.ticks;
  CREATE SEQUENCE model_clock.started;
  CREATE FUNCTION model_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.to_timestamp(last_value / 1000.0) FROM model_clock.ticks';
  CREATE FUNCTION model_clock.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.to_timestamp(last_value / 1000.0) FROM model_clock.started'`;

/** A default knows its function, not its name: those of the context's tables are set once more. */
const CLOCK_DEFAULTS = `
  SELECT c.relname AS table, a.attname AS column FROM pg_attrdef d
  JOIN pg_class c ON c.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
  WHERE c.relnamespace = 'tokensets'::regnamespace AND pg_get_expr(d.adbin, d.adrelid) LIKE '%clock_timestamp()'
    AND c.relname IN ('tokensets', 'tokenset_keys', 'refresh_attempts', 'redeems', 'pending_redeems')`;

const ON_MODEL_TIME = '-c search_path=model_clock,tokensets,pg_catalog -c synchronous_commit=off -c jit=off';
const onModelTime = (url: string) => {
  const options = contextDatabase({ ...tokensetsDatabase(url), poolSize: 3 });
  return { ...options, extra: { ...options.extra, options: ON_MODEL_TIME } };
};

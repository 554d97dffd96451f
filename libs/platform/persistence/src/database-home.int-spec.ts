import { mkdtemp, rm } from 'node:fs/promises';
import pg from 'pg';
import {
  databaseHomeMigrations,
  DatabaseRestoredError,
  refuseRestoredDatabase,
  settleDatabaseHome,
} from './database-home.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrate.js';
import { prepareDatabase } from './prepare-database.js';

describe('the home of a database', () => {
  let home: string;
  let postgres: EmbeddedPostgres;
  const schema = 'home_test';
  const refused = () => refuseRestoredDatabase(postgres.url, schema);
  const asOwner = async (statement: string) => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };

  beforeAll(async () => {
    home = await mkdtemp('/var/tmp/strongroom-home-');
    postgres = await startEmbeddedPostgres({ dataDir: home, durable: false });
    await migrate({ url: postgres.url, schema, entities: [], migrations: databaseHomeMigrations });
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(home, { recursive: true });
  });

  it('is the server it was migrated on', async () => {
    await expect(refused()).resolves.toBeUndefined();
    expect(await settleDatabaseHome(postgres.url, schema)).toBe(false);
  });

  it('encryption §10 refuses one that comes from another server, until it is settled on this one', async () => {
    await asOwner(`UPDATE ${schema}.database_home SET system_identifier = '7000000000000000001'`);
    await expect(refused()).rejects.toThrow(DatabaseRestoredError);
    await expect(refused()).rejects.toThrow(/"home_test".*`strongroom restore finish`/);
    expect(await settleDatabaseHome(postgres.url, schema)).toBe(true);
    await expect(refused()).resolves.toBeUndefined();
  });

  it('refuses one that does not say where it was', async () => {
    await asOwner(`DELETE FROM ${schema}.database_home`);
    await expect(refused()).rejects.toThrow(DatabaseRestoredError);
    expect(await settleDatabaseHome(postgres.url, schema)).toBe(true);
    await expect(refused()).resolves.toBeUndefined();
  });

  it("can be asked under a service's own role", async () => {
    const database = { url: postgres.url, schema, entities: [], migrations: databaseHomeMigrations };
    const { role } = await prepareDatabase(database, 'cnry_role_password');
    const url = new URL(postgres.url);
    [url.username, url.password] = [role, 'cnry_role_password'];
    await expect(refuseRestoredDatabase(url.href, schema)).resolves.toBeUndefined();
    await asOwner(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});

import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '@strongroom/contracts';
import { ConfiguredMasterKeys, KeyRing } from '@strongroom/crypto';
import { contextDatabase, type EmbeddedPostgres } from '@strongroom/persistence';
import { databaseUrlOf } from '@strongroom/service';
import { quickDirectory, startCopiedPostgres, testKafka, testRedis, whereThereIs } from '@strongroom/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { strongroom } from '../../test/terminal.js';
import { contexts } from '../contexts.js';
import { examine } from './doctor.js';

const [kafka, redis] = [await testKafka(), await testRedis()];
if (!kafka || !redis) for (const alone of [kafka, redis]) await alone?.stop();

const NOBODY = '127.0.0.1:9'; // nothing listens at the discard port

/** On a Postgres of its own: roles belong to the whole server. */
whereThereIs(kafka && redis, 'Kafka or Redis', 'strongroom doctor', () => {
  let home: string;
  let secrets: string;
  const file = (name: string) => join(secrets, 'tokensets', name);
  let server: EmbeddedPostgres;
  /** What `migrate` reads. */
  let operator: Record<string, string>;
  /** What the service reads. */
  let tokensets: Record<string, string>;

  beforeAll(async () => {
    home = await quickDirectory('doctor');
    secrets = join(home, 'secrets');
    server = await startCopiedPostgres({ dataDir: home });
    const shared = {
      STRONGROOM_KAFKA_BROKERS: kafka!.url,
      STRONGROOM_REDIS_URL: redis!.url,
      STRONGROOM_KAFKA_TOPIC_PREFIX: `doctor${Date.now()}`,
      STRONGROOM_KAFKA_REPLICATION: '1',
      STRONGROOM_KAFKA_PARTITIONS: '2',
    };
    operator = { ...shared, STRONGROOM_OWNER_DATABASE_URL: server.url, STRONGROOM_SECRETS_DIR: secrets };
    await strongroom(['init', '--dir', secrets, '--public-url', 'https://vault.example.org']);
    expect(await strongroom(['migrate'], operator)).toMatchObject({ code: 0 });
    const url = new URL(server.url);
    url.username = 'strongroom_tokensets';
    url.password = '';
    tokensets = {
      ...shared,
      STRONGROOM_PUBLIC_URL: `http://${NOBODY}`,
      STRONGROOM_TOKENSETS_DATABASE_URL: url.href,
      STRONGROOM_DATABASE_PASSWORD_FILE: file('database-password'),
      STRONGROOM_MASTER_KEYS_FILE: file('master-keys'),
      STRONGROOM_SERVICE_KEY_FILE: file('service-key.pem'),
      STRONGROOM_SERVICE_KEYS_FILE: file('service-keys.json'),
      STRONGROOM_CONNECTIONS_RPC_URL: 'http://127.0.0.1:3101',
      STRONGROOM_IDENTITY_RPC_URL: 'http://127.0.0.1:3102',
    };
    await sealSomething(url.href);
  });
  afterAll(async () => {
    await server.stop();
    await kafka?.stop();
    await redis?.stop();
    rmSync(home, { recursive: true });
  });

  /** As the service's first start does. */
  const sealSomething = async (url: string): Promise<void> => {
    const password = readFileSync(file('database-password'), 'utf8').trim();
    const config = { STRONGROOM_TOKENSETS_DATABASE_URL: url, STRONGROOM_DATABASE_PASSWORD: password };
    const database = await new DataSource(
      contextDatabase(contexts.tokensets(databaseUrlOf('tokensets', config))),
    ).initialize();
    const masterKeys = ConfiguredMasterKeys.parse(readFileSync(file('master-keys'), 'utf8'));
    await KeyRing.load({ database, masterKeys, context: 'tokensets' });
    await database.destroy();
  };
  const asOwner = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  const expectNoSecretIn = (text: string): void => {
    expect(text).not.toMatch(/cnry_|PRIVATE KEY/);
    for (const entry of readdirSync(secrets, { recursive: true, withFileTypes: true }))
      if (entry.isFile() && !/service-keys|email/.test(entry.name))
        expect(text).not.toContain(readFileSync(join(entry.parentPath, entry.name), 'utf8').trim());
  };
  /** The lines with a fault; everything else was said to be well. */
  const faults = async (
    changed: Record<string, string>,
    parameters = ['--service', 'tokensets'],
  ): Promise<string[]> => {
    const { code, text } = await strongroom(['doctor', ...parameters], { ...tokensets, ...changed });
    expectNoSecretIn(text);
    const lines = text.split('\n').filter((line) => line.startsWith('FAULT'));
    expect(code).toBe(lines.length > 0 ? 1 : 0);
    return lines;
  };

  it('finds nothing wrong with a service that is well', async () => {
    const { code, text } = await strongroom(['doctor', '--service', 'tokensets'], tokensets);
    expectNoSecretIn(text);
    expect([code, text.match(/^FAULT.*/gm)]).toEqual([0, null]);
    for (const line of [
      /^ok +configuration of tokensets/m,
      /^ok +secret files {2}4, closed to others/m,
      /^ok +database of tokensets/m,
      new RegExp(`^ok +schema of tokensets {2}${contexts.tokensets('').migrations.length} migrations applied`, 'm'),
      /^ok +role of tokensets {2}its own schema and no other/m,
      /^ok +service key of tokensets/m,
      /^ok +master keys of tokensets {2}open what is stored/m,
      /^ok +clock, and that of 127\.0\.0\.1:\d+\/postgres {2}\d+ ms apart/m,
      /^skipped +clock, and that of http:\/\/127\.0\.0\.1:9 /m,
      /^ok +Kafka topics/m,
      /^ok +Kafka lag {2}tokensets has not read yet/m,
      /^ok +Redis/m,
    ])
      expect(text).toMatch(line);
  });

  it('looks at every service for the operator', async () => {
    const { code, text } = await strongroom(['doctor'], operator);
    expectNoSecretIn(text);
    expect([code, text.match(/^FAULT.*/gm)]).toEqual([0, null]);
    for (const service of serviceNames)
      for (const what of ['database', 'schema', 'role', 'service key'])
        expect(text).toMatch(new RegExp(`^ok +${what} of ${service} `, 'm'));
    expect(text).toMatch(/^ok +master keys of identity {2}nothing is sealed yet/m);
  });

  it('names a setting that is wrong, and still looks at the rest', async () => {
    expect(await faults({ STRONGROOM_PORT: 'cnry_port' })).toEqual([
      expect.stringMatching(/configuration of tokensets {2}correct STRONGROOM_PORT: .*docs\/configuration\.md/),
    ]);
  });

  it('names a file of providers that cannot be used, and where in it', async () => {
    const entries = join(home, 'providers.json');
    writeFileSync(entries, JSON.stringify({ version: 1, providers: { box: { refresh: { mode: 'often' } } } }));
    const [line] = await faults({ STRONGROOM_PROVIDERS_FILE: entries });
    expect(line).toContain('provider catalogue');
    expect(line).toContain(`${entries}`);
    expect(line).toContain('/providers/box/refresh/mode');
  });

  it('names a database that is down, and a password that is wrong', async () => {
    const down = { STRONGROOM_TOKENSETS_DATABASE_URL: `postgres://strongroom_tokensets@${NOBODY}/x` };
    expect(await faults(down)).toEqual([
      expect.stringMatching(/database of tokensets {2}at 127\.0\.0\.1:9\/x: .*nobody listens there: start it/),
    ]);
    const wrong = { STRONGROOM_DATABASE_PASSWORD: 'cnry_wrong_password', STRONGROOM_DATABASE_PASSWORD_FILE: '' };
    expect(await faults(wrong)).toEqual([
      expect.stringMatching(/database of tokensets .*the password is refused: .*run "strongroom migrate"/),
    ]);
  });

  it('names a schema that is behind, and a role that may too much', async () => {
    await asOwner(`UPDATE tokensets.migrations SET name = 'x' WHERE name LIKE 'IntakeKeys%'`);
    await asOwner('GRANT USAGE ON SCHEMA identity TO strongroom_tokensets');
    const found = await faults({});
    await asOwner(`UPDATE tokensets.migrations SET name = 'IntakeKeys1763700001000' WHERE name = 'x'`);
    await asOwner('REVOKE USAGE ON SCHEMA identity FROM strongroom_tokensets');
    expect(found).toEqual([
      expect.stringMatching(/schema of tokensets {2}IntakeKeys\d+ not applied: run "strongroom migrate"/),
      expect.stringMatching(/role of tokensets {2}the role may use schema identity: .*REVOKE/),
    ]);
    expect(await faults({})).toEqual([]);
  });

  it('names a master key that does not open what is stored, and one that is none', async () => {
    const another = { STRONGROOM_MASTER_KEYS: ConfiguredMasterKeys.generate('other'), STRONGROOM_MASTER_KEYS_FILE: '' };
    expect(await faults(another)).toEqual([
      expect.stringMatching(/master keys of tokensets .*Put back the master key this database was created with/),
    ]);
    expect(await faults({ ...another, STRONGROOM_MASTER_KEYS: 'cnry_no_key' })).toEqual([
      expect.stringMatching(/master keys of tokensets {2}STRONGROOM_MASTER_KEYS: entry 1 is not of the form/),
    ]);
  });

  it('makes no key where nothing is sealed yet', async () => {
    await strongroom(['doctor'], operator);
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query('SELECT FROM identity.installation').finally(() => client.end());
    expect(rows).toEqual([]);
  });

  it('names a service key that is not the one of the service, and a file that others can read', async () => {
    const strange = join(secrets, 'exchange/service-key.pem');
    expect(await faults({ STRONGROOM_SERVICE_KEY_FILE: strange })).toEqual([
      expect.stringMatching(/service key of tokensets .*give the service its own key file, or run `strongroom init`/),
    ]);
    chmodSync(file('master-keys'), 0o644);
    const open = await faults({});
    chmodSync(file('master-keys'), 0o600);
    expect(open).toEqual([expect.stringMatching(/secret files .*master-keys can be read by everybody: chmod 600/)]);
  });

  it('names topics that are missing or of another shape, and a broker that is away', async () => {
    const missing = await faults({ STRONGROOM_KAFKA_TOPIC_PREFIX: 'nowhere' });
    expect(missing).toContainEqual(
      expect.stringMatching(/Kafka topic {2}nowhere\.tokensets\.v1 is not there: run "strongroom migrate"/),
    );
    const other = await faults({ STRONGROOM_KAFKA_PARTITIONS: '3' });
    expect(other).toContainEqual(expect.stringMatching(/Kafka topic .*has partitions 2, but 3 is wanted.*: set what/));
    expect(await faults({ STRONGROOM_KAFKA_BROKERS: NOBODY })).toEqual([
      expect.stringMatching(/Kafka {2}at 127\.0\.0\.1:9: .*start it, or correct STRONGROOM_KAFKA_BROKERS/),
    ]);
  });

  it('names a Redis that is away', async () => {
    expect(await faults({ STRONGROOM_REDIS_URL: `redis://:cnry_redis@${NOBODY}` })).toEqual([
      expect.stringMatching(/Redis {2}at 127\.0\.0\.1:9: .*start it, or correct STRONGROOM_REDIS_URL/),
    ]);
  });

  it.each([
    [6_000, /6 s ahead: let both machines keep time by NTP/],
    [-6_000, /6 s behind/],
  ])('names a clock that is %d ms off', async (off, what) => {
    const found: string[] = [];
    const environment = { ...tokensets, STRONGROOM_KAFKA_BROKERS: '' };
    for await (const { state, detail } of examine({
      service: 'tokensets',
      environment,
      clock: { now: () => Date.now() + off },
    }))
      if (state === 'FAULT') found.push(detail);
    expect(found).toContainEqual(expect.stringMatching(what));
  });

  it('names what the secrets lack', async () => {
    const kept = readFileSync(file('service-key.pem'));
    rmSync(file('service-key.pem'));
    const { code, text } = await strongroom(['doctor'], operator);
    writeFileSync(file('service-key.pem'), kept, { mode: 0o600 });
    expect([code, text]).toEqual([1, expect.stringMatching(/FAULT {4}service key of tokensets {2}not there: put/)]);
  });

  it('names every setting that is missing', async () => {
    const environment = { ...tokensets, STRONGROOM_IDENTITY_RPC_URL: '' };
    expect((await strongroom(['doctor', '--service', 'tokensets'], environment)).text).toMatch(
      /FAULT {4}configuration of tokensets {2}correct STRONGROOM_IDENTITY_RPC_URL: is not set\. /,
    );
  });

  it('answers wrong use with 2', async () => {
    expect((await strongroom(['doctor', '--service', 'nobody'])).code).toBe(2);
  });
});

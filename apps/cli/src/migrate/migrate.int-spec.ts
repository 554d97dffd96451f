import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { contextDatabase, type EmbeddedPostgres, pendingMigrations, roleOf } from '@strongroom/persistence';
import { freePort, quickDirectory, startCopiedPostgres, testKafka, whereThereIs } from '@strongroom/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { strongroom } from '../../test/terminal.js';
import { contexts } from '../contexts.js';
import { ownerUrlName } from '../settings.js';

const kafka = await testKafka();

const PAIRS = serviceNames.flatMap((one) =>
  serviceNames.filter((other) => other !== one).map((other) => [one, other] as const),
);
const schemaOf = (service: ServiceName) => contexts[service]('').schema;

/** On a server of its own: roles belong to the whole server, and other tests give theirs other passwords. */
describe('strongroom migrate', () => {
  let home: string;
  let secrets: string;
  let server: EmbeddedPostgres;
  let made = 0;

  beforeAll(async () => {
    home = await quickDirectory('migrate');
    secrets = join(home, 'secrets');
    server = await startCopiedPostgres({ dataDir: home });
    await strongroom(['init', '--dir', secrets, '--public-url', 'https://vault.example.org']);
  });
  afterAll(async () => {
    await server.stop();
    await kafka?.stop();
    rmSync(home, { recursive: true });
  });

  /** An address of a database that is not there yet. */
  const fresh = (): string => {
    const url = new URL(server.url);
    url.pathname = `/d${++made}`;
    return url.href;
  };
  const migrate = (environment: Record<string, string>, ...more: string[]) =>
    strongroom(['migrate', ...more], { STRONGROOM_SECRETS_DIR: secrets, ...environment });
  const inOne = (url: string, more: Record<string, string> = {}) =>
    migrate({ STRONGROOM_OWNER_DATABASE_URL: url, ...more });
  const passwordFile = (service: ServiceName) => join(secrets, service, 'database-password');

  const asRole = (service: ServiceName, url: string): string => {
    const address = new URL(url);
    address.username = roleOf(schemaOf(service));
    address.password = readFileSync(passwordFile(service), 'utf8').trim();
    return address.href;
  };
  const query = async (url: string, ...statements: string[]) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const refusal = (url: string, statement: string): Promise<string> =>
    query(url, statement).then(
      () => `${statement} was done`,
      (error: Error) => error.message,
    );

  describe('into one database', () => {
    let url: string;
    beforeAll(async () => {
      url = fresh();
      expect(await inOne(url)).toMatchObject({ code: 0 });
    });

    it.each(serviceNames)('lets %s do with its own tables all that events need', async (service) => {
      await query(
        asRole(service, url),
        `INSERT INTO outbox (id, aggregatetype, aggregateid, type, sequence, payload, part)
         VALUES (gen_random_uuid(), 'x', 'x', 'x', 1, '{}', 0)`,
        'UPDATE outbox SET sequence = 2',
        'DELETE FROM outbox WHERE position IN (SELECT position FROM outbox)',
        `INSERT INTO parked_events (consumer, topic, event, error_class, tries) VALUES ('x', 'x', '{}', 'x', 1)`,
        'UPDATE parked_events SET tries = 2',
        'DELETE FROM parked_events',
        `INSERT INTO consumer_offsets VALUES ('x', 'x', 0, 1)
         ON CONFLICT (consumer, topic, partition) DO UPDATE SET "offset" = 2`,
        'LISTEN x',
        `SELECT pg_notify('x', ''), pg_try_advisory_lock(1)`,
      );
    });

    it.each(serviceNames)('lets %s read all that it has mapped', async (service) => {
      const source = await new DataSource(contextDatabase(contexts[service](asRole(service, url)))).initialize();
      try {
        for (const { target } of source.entityMetadatas) await source.getRepository(target).find({ take: 1 });
        expect(await pendingMigrations(contexts[service](asRole(service, url)))).toEqual([]);
      } finally {
        await source.destroy();
      }
    });

    it.each(PAIRS)('O4: keeps %s out of the schema of %s', async (service, other) => {
      for (const table of ['outbox', 'parked_events', 'migrations'])
        expect(await refusal(asRole(service, url), `SELECT FROM ${schemaOf(other)}.${table}`)).toBe(
          `permission denied for schema ${schemaOf(other)}`,
        );
    });

    it('O4: lets the role of the ledger add and read, and nothing else', async () => {
      const entry = `INSERT INTO ledger (n, event_id, name, actor_kind, occurred_at, headers, data)
        VALUES (1, gen_random_uuid(), 'x', 'x', now(), '{}', '{}')`;
      await query(asRole('audit', url), entry, 'SELECT * FROM ledger');
      for (const change of ['UPDATE ledger SET n = 2', 'DELETE FROM ledger', 'TRUNCATE ledger'])
        expect(await refusal(asRole('audit', url), change)).toBe('permission denied for table ledger');
      expect(await refusal(asRole('audit', url), 'ALTER TABLE ledger DISABLE TRIGGER ALL')).toBe(
        'must be owner of table ledger',
      );
    });

    it.each(serviceNames)('O4: lets %s make nothing', async (service) => {
      const own = schemaOf(service);
      for (const [statement, why] of [
        [`CREATE TABLE ${own}.x ()`, `permission denied for schema ${own}`],
        ['CREATE TABLE public.x ()', 'permission denied for schema public'],
        ['CREATE TEMP TABLE x ()', /permission denied to create temporary tables/],
        ['CREATE SCHEMA x', /permission denied for database/],
        ['CREATE ROLE x', 'permission denied to create role'],
        ['DELETE FROM migrations', 'permission denied for table migrations'],
        [`SET ROLE ${roleOf(schemaOf(service === 'audit' ? 'identity' : 'audit'))}`, /permission denied to set role/],
      ] as const)
        expect(await refusal(asRole(service, url), statement)).toMatch(why);
    });

    it('applies nothing the second time', async () => {
      const { code, text } = await inOne(url);
      expect([code, text.match(/up to date; nothing to apply/g)?.length]).toEqual([0, serviceNames.length]);
    });

    it('gives a later table to the role that is to use it before it is run again', async () => {
      await query(url, 'CREATE TABLE exchange.later ()', 'CREATE TABLE audit.later (n integer)');
      await query(asRole('exchange', url), 'DELETE FROM exchange.later');
      await query(asRole('audit', url), 'INSERT INTO audit.later VALUES (1)');
      expect(await refusal(asRole('audit', url), 'DELETE FROM audit.later')).toMatch(/permission denied/);
    });

    it('takes back what a role was given beside its own', async () => {
      await query(url, 'GRANT UPDATE, DELETE ON audit.ledger TO strongroom_audit');
      await inOne(url);
      expect(await refusal(asRole('audit', url), 'DELETE FROM ledger')).toBe('permission denied for table ledger');
    });

    it('gives a role the password that stands in the secrets', async () => {
      const before = asRole('exchange', url);
      writeFileSync(passwordFile('exchange'), 'cnry_a_new_password');
      await inOne(url);
      await query(asRole('exchange', url), 'SELECT FROM outbox');
      expect(await refusal(before, 'SELECT 1')).toMatch(/password authentication failed/);
    });

    it('refuses a role that may more than a service', async () => {
      await query(url, 'ALTER ROLE strongroom_exchange CREATEDB');
      const { code, text } = await inOne(url);
      await query(url, 'ALTER ROLE strongroom_exchange NOCREATEDB');
      expect([code, text]).toEqual([1, expect.stringMatching(/role strongroom_exchange may more than a service/)]);
    });
  });

  describe('into a database of each service', () => {
    const urls = {} as Record<ServiceName, string>;
    beforeAll(async () => {
      for (const service of serviceNames) urls[service] = fresh();
      const environment = Object.fromEntries(serviceNames.map((service) => [ownerUrlName(service), urls[service]]));
      expect(await migrate(environment)).toMatchObject({ code: 0 });
    });

    it.each(serviceNames)('makes that of %s, with its own schema alone', async (service) => {
      await query(asRole(service, urls[service]), 'SELECT FROM outbox');
      expect(await refusal(urls[service], `SELECT FROM ${schemaOf(PAIRS.find(([one]) => one === service)![1])}.outbox`)) //
        .toMatch(/does not exist/);
    });

    it.each(PAIRS)('O4: does not even let %s into the database of %s', async (service, other) => {
      expect(await refusal(asRole(service, urls[other]), 'SELECT 1')).toMatch(/permission denied for database/);
    });
  });

  it('leaves the same behind when three run at once', async () => {
    const url = fresh();
    const three = await Promise.all([inOne(url), inOne(url), inOne(url)]);
    expect(three.map(({ code, text }) => [code, code === 0 ? '' : text])).toEqual([0, 1, 2].map(() => [0, '']));
    for (const service of serviceNames) {
      expect(await pendingMigrations(contexts[service](asRole(service, url)))).toEqual([]);
      await query(asRole(service, url), 'SELECT FROM outbox');
    }
  });

  it('goes on where two installations of one server are migrated at once', async () => {
    const both = await Promise.all([inOne(fresh()), inOne(fresh())]);
    expect(both.map(({ code, text }) => [code, code === 0 ? '' : text])).toEqual([0, 1].map(() => [0, '']));
  });

  it('needs no superuser: an owner that may make roles and databases is enough', async () => {
    const other = await anotherServer();
    await query(other.url, `CREATE ROLE plain_owner LOGIN CREATEROLE CREATEDB PASSWORD 'cnry_plain_owner'`);
    const url = new URL(other.url);
    [url.username, url.password, url.pathname] = ['plain_owner', 'cnry_plain_owner', '/vault'];
    expect([await inOne(url.href), await inOne(url.href)]).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(await refusal(asRole('exchange', url.href), 'SELECT FROM identity.outbox')).toMatch(/permission denied/);
    expect(await refusal(asRole('audit', url.href), 'DELETE FROM ledger')).toBe('permission denied for table ledger');
    await other.remove();
  });

  it('takes the password of the owner apart from the address', async () => {
    const url = new URL(fresh());
    const password = decodeURIComponent(url.password);
    url.password = '';
    const file = join(home, 'owner-password');
    writeFileSync(file, `${password}\n`);
    expect(await inOne(url.href, { STRONGROOM_OWNER_DATABASE_PASSWORD_FILE: file })).toMatchObject({ code: 0 });
  });

  it('says in a line what to do about a server that is not there, a wrong password and missing secrets', async () => {
    const url = new URL(server.url);
    url.password = 'cnry_wrong';
    const wrong = await inOne(url.href);
    expect([wrong.code, wrong.text]).toEqual([
      1,
      expect.stringMatching(/database of connections at 127\.0\.0\.1:\d+\/postgres: .*the password is refused/),
    ]);
    url.port = String(await freePort());
    const away = await inOne(url.href);
    expect([away.code, away.text]).toEqual([1, expect.stringMatching(/nobody listens there: start it/)]);
    for (const { text } of [wrong, away]) expect(text).not.toMatch(/cnry_|\n/);
    const none = await inOne(server.url, { STRONGROOM_SECRETS_DIR: join(home, 'nowhere') });
    expect([none.code, none.text]).toEqual([1, expect.stringMatching(/database-password cannot be read: run/)]);
  });

  it('waits for a server that comes up', async () => {
    const port = await freePort();
    const late = anotherServer(port);
    const url = new URL(server.url);
    url.port = String(port);
    url.password = 'cnry_not_known_yet';
    const waited = await migrate({ STRONGROOM_OWNER_DATABASE_URL: url.href }, '--wait', '60');
    const up = await late;
    const done = await migrate({ STRONGROOM_OWNER_DATABASE_URL: up.url });
    await up.remove();
    expect(waited.text).toMatch(/the password is refused/); // it came as far as that
    expect(done.code).toBe(0);
  });

  whereThereIs(kafka, 'Kafka', 'with Kafka', () => {
    it('makes the topics once, and refuses to go on upon one of another shape', async () => {
      const url = fresh();
      const environment = {
        STRONGROOM_KAFKA_BROKERS: kafka!.url,
        STRONGROOM_KAFKA_TOPIC_PREFIX: `cli${Date.now()}`,
        STRONGROOM_KAFKA_REPLICATION: '1',
        STRONGROOM_KAFKA_PARTITIONS: '3',
      };
      const [one, another] = await Promise.all([inOne(url, environment), inOne(url, environment)]);
      const again = await inOne(url, environment);
      expect([one, another, again].map(({ code, text }) => (code === 0 ? 0 : text))).toEqual([0, 0, 0]);
      const other = await inOne(url, { ...environment, STRONGROOM_KAFKA_PARTITIONS: '4' });
      expect([other.code, other.text]).toEqual([1, expect.stringMatching(/has partitions 3, but 4 is wanted/)]);
    });
  });
});

async function anotherServer(port?: number): Promise<{ url: string; remove: () => Promise<void> }> {
  const dataDir = await quickDirectory('migrate');
  const server = await startCopiedPostgres({ dataDir, ...(port ? { port } : {}) });
  const remove = async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true });
  };
  return { url: server.url, remove };
}

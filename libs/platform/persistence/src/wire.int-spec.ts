import { mkdtemp, rm } from 'node:fs/promises';
import pg from 'pg';
import { arrayText } from './array-text.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';
import { PreparedReads } from './prepared-reads.js';
import { Wire } from './wire.js';

describe('statements that fly together', () => {
  let home: string;
  let postgres: EmbeddedPostgres;
  let wire: Wire;
  const one = (value: string) => ({ text: `SELECT $1::int AS one`, values: [value] });
  const several = { text: 'SELECT * FROM unnest($1::text[]) AS said(a)', values: [arrayText(['x "y" \\', null, '{'])] };

  beforeAll(async () => {
    home = await mkdtemp('/var/tmp/strongroom-wire-');
    postgres = await startEmbeddedPostgres({ dataDir: home, durable: false });
    wire = new Wire({ connectionString: postgres.url, application_name: 'strongroom-of-the-test' });
  });
  afterAll(async () => {
    await wire?.close();
    await postgres?.stop();
    await rm(home, { recursive: true });
  });

  it('answers each with its own rows, the first time and when they are known', async () => {
    const answers = [[{ one: 1 }], [{ a: 'x "y" \\' }, { a: null }, { a: '{' }], [{ one: 2 }]];
    for (let time = 0; time < 3; time++) expect(await wire.fly([one('1'), several, one('2')])).toEqual(answers);
  });

  it('goes on after a value that was refused, whether the statement was known or new', async () => {
    await expect(wire.fly([one('1'), one('x')])).rejects.toMatchObject({ code: '22P02' });
    const fresh = { text: 'SELECT $1::uuid AS id', values: ['x'] };
    await expect(wire.fly([fresh])).rejects.toMatchObject({ code: '22P02' });
    const id = '3d0f2f6c-6f0e-4a3f-9d3a-0c8a4d1f2b11';
    expect(await wire.fly([{ ...fresh, values: [id] }, one('3')])).toEqual([[{ id }], [{ one: 3 }]]);
  });

  it('connects again after its connection was cut, and after a plan that went stale', async () => {
    const admin = new pg.Client({ connectionString: postgres.url });
    await admin.connect();
    const table = { text: 'SELECT * FROM flown', values: [] };
    try {
      await admin.query('CREATE TABLE flown AS SELECT 1 AS a');
      expect(await wire.fly([table])).toEqual([[{ a: 1 }]]);
      await admin.query('ALTER TABLE flown ADD COLUMN b int');
      await expect(wire.fly([table])).rejects.toMatchObject({ code: '0A000' });
      expect(await wire.fly([table])).toEqual([[{ a: 1, b: null }]]);
      const cut = wire.fly([{ text: `SELECT pg_sleep(60)`, values: [] }]).catch((error: unknown) => error);
      const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND pid <> pg_backend_pid()`;
      while ((await admin.query(kill)).rowCount === 0);
      expect(await cut).toBeInstanceOf(Error);
      expect(await wire.fly([one('4')])).toEqual([[{ one: 4 }]]);
    } finally {
      await admin.query('DROP TABLE IF EXISTS flown');
      await admin.end();
    }
  });

  it('lets what is under way arrive when it is closed, and takes nothing after that', async () => {
    const leaving = new Wire({ connectionString: postgres.url });
    await leaving.fly([one('1')]);
    const slow = leaving.fly([{ text: 'SELECT 5 AS five FROM pg_sleep(0.2)', values: [] }]);
    const closed = new Promise((done) => setImmediate(done)).then(() => leaving.close());
    expect(await slow).toEqual([[{ five: 5 }]]);
    await closed;
    await expect(leaving.fly([one('6')])).rejects.toThrow('closed');
  });

  it('reads for every context in the schema of that context, and a value that cannot be read fails alone', async () => {
    const admin = new pg.Client({ connectionString: postgres.url });
    await admin.connect();
    for (const schema of ['first', 'second'])
      await admin.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.things AS SELECT '${schema}' AS name`);
    const text = `SELECT asked.place::int, name FROM unnest($1::text[]) WITH ORDINALITY AS asked(of, place), {schema}.things`;
    const contexts = ['first', 'second'].map((schema) => new PreparedReads(postgres.url, schema));
    const answers = await Promise.all(contexts.map((reads) => reads.shared(text, ['anything'])));
    expect(answers).toEqual([[{ place: 1, name: 'first' }], [{ place: 1, name: 'second' }]]);
    const [good, bad] = await Promise.allSettled([contexts[0]!.shared(text, ['a']), contexts[1]!.shared(text, ['\0'])]);
    expect([good.status, bad.status]).toEqual(['fulfilled', 'rejected']);
    await contexts[0]!.close();
    expect(await contexts[1]!.shared(text, ['more'])).toEqual([{ place: 1, name: 'second' }]);
    await contexts[1]!.close();
    await admin.query('DROP SCHEMA first, second CASCADE');
    await admin.end();
  });
});

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceName } from '@strongroom/contracts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@strongroom/persistence';
import { quickDirectory, startCopiedPostgres } from '@strongroom/testing';
import pg from 'pg';
import { Child } from './driver/child.js';

const OWN_KEY = Buffer.from('cnry_master_key_of_these_tests_1').toString('base64');
const OTHER_KEY = Buffer.from('cnry_master_key_of_these_tests_2').toString('base64');
const EXAMPLE = Buffer.from('strongroom-example-key-do-not-us').toString('base64');
const NOBODY = '127.0.0.1:9'; // nothing listens at the discard port

/** Built processes, as an operator starts them: each ends with a line that names what to change, and no value. */
describe('what a process refuses to start with', () => {
  let home: string;
  let secrets: string;
  let postgres: EmbeddedPostgres;

  beforeAll(async () => {
    home = await quickDirectory('refusals');
    secrets = join(home, 'secrets');
    postgres = await startCopiedPostgres({ dataDir: home });
    const environment = { STRONGROOM_OWNER_DATABASE_URL: postgres.url, STRONGROOM_SECRETS_DIR: secrets };
    await strongroom(['init', '--dir', secrets, '--public-url', 'https://vault.example.org'], environment);
    await strongroom(['migrate'], environment);
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(home, { recursive: true });
  });

  const strongroom = async (parameters: string[], environment: Record<string, string> = {}): Promise<void> => {
    const child = Child.app('cli', environment, { parameters });
    expect([await child.ended(), child.output]).toEqual([0, expect.any(String)]);
  };
  const environmentOf = (service: ServiceName): Record<string, string> => {
    const file = (name: string) => join(secrets, service, name);
    const url = new URL(postgres.url);
    url.username = `strongroom_${service.replaceAll('-', '_')}`;
    url.password = '';
    return {
      STRONGROOM_PUBLIC_URL: 'https://vault.example.org',
      STRONGROOM_PORT: '39171',
      STRONGROOM_RPC_PORT: '39172',
      [`STRONGROOM_${service.replaceAll('-', '_').toUpperCase()}_DATABASE_URL`]: url.href,
      STRONGROOM_DATABASE_PASSWORD_FILE: file('database-password'),
      STRONGROOM_KAFKA_BROKERS: NOBODY,
      STRONGROOM_REDIS_URL: `redis://${NOBODY}`,
      STRONGROOM_SERVICE_KEY_FILE: file('service-key.pem'),
      STRONGROOM_SERVICE_KEYS_FILE: file('service-keys.json'),
      STRONGROOM_CONNECTIONS_RPC_URL: `http://${NOBODY}`,
      STRONGROOM_IDENTITY_RPC_URL: `http://${NOBODY}`,
      STRONGROOM_TOKENSETS_RPC_URL: `http://${NOBODY}`,
      STRONGROOM_SPILL_DIR: join(home, 'spill'),
    };
  };
  const end = async (child: Child): Promise<string> => {
    const code = await child.ended();
    const said = child.output.trim();
    expect([code, said]).toEqual([1, expect.not.stringMatching(/cnry_|^\s+at /m)]);
    for (const key of [OWN_KEY, OTHER_KEY, EXAMPLE]) expect(said).not.toContain(key);
    return said
      .split('\n')
      .filter((line) => !line.startsWith('{'))
      .join('\n');
  };
  const service = (name: ServiceName, changed: Record<string, string> = {}): Promise<string> =>
    end(Child.app(name, { ...environmentOf(name), ...changed }));
  const vault = (keys: string, changed: Record<string, string> = {}): Promise<string> =>
    service('tokensets', { STRONGROOM_MASTER_KEYS: keys, ...changed });
  const asOwner = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };

  it.each(['tokensets', 'identity'] as const)('encryption §10 no master key: %s', async (name) => {
    expect(await service(name)).toMatch(/STRONGROOM_MASTER_KEYS: is not set/);
  });

  it.each([
    ['is not 32 bytes', 'a:Y25yeV9zaG9ydA==', /STRONGROOM_MASTER_KEYS: the key of entry 1 is not 32 bytes/],
    ['stands under two ids', `a:${OWN_KEY},b:${OWN_KEY}`, /STRONGROOM_MASTER_KEYS: entry 2 is the same key/],
    ['shares its id with another', `a:${OWN_KEY},a:${OTHER_KEY}`, /STRONGROOM_MASTER_KEYS: entry 2 has the id/],
    ['is one repeated byte', `a:${Buffer.alloc(32, 7).toString('base64')}`, /STRONGROOM_MASTER_KEYS: .*repeated byte/],
    ['is an example', `a:${EXAMPLE}`, /STRONGROOM_MASTER_KEYS: the key of entry 1 is an example/],
  ])('encryption §10 a master key that %s', async (_, keys, why) => {
    const said = await vault(keys);
    expect(said).toMatch(why);
    expect(said.split('\n')).toHaveLength(1);
  });

  it('encryption §2 a provider of master keys that is not there', async () => {
    const said = await vault(`a:${OWN_KEY}`, { STRONGROOM_MASTER_KEY_PROVIDER: 'aws-kms' });
    expect(said).toMatch(/STRONGROOM_MASTER_KEY_PROVIDER: /);
  });

  it.each(['connections', 'connected-accounts', 'exchange', 'audit'] as const)(
    'encryption §10 master keys given to %s',
    async (name) => {
      const said = await service(name, { STRONGROOM_MASTER_KEYS: `a:${OWN_KEY}` });
      expect(said).toMatch(/STRONGROOM_MASTER_KEYS: this service opens nothing/);
      const file = { STRONGROOM_MASTER_KEYS_FILE: join(secrets, 'tokensets/master-keys') };
      expect(await service(name, file)).toMatch(/STRONGROOM_MASTER_KEYS_FILE: this service opens nothing/);
    },
  );

  it('encryption §10 an inspector, or a heap snapshot on a signal', async () => {
    const inspected = (options: string) => vault(`a:${OWN_KEY}`, { NODE_OPTIONS: options });
    expect(await inspected('--heapsnapshot-signal=SIGUSR2')).toMatch(/NODE_OPTIONS: --heapsnapshot-signal shows/);
    expect(await inspected('--inspect=127.0.0.1:0')).toMatch(/NODE_OPTIONS: --inspect shows/);
    const standalone = Child.app('standalone', {
      STRONGROOM_DATA_DIR: join(home, 'never'),
      NODE_OPTIONS: '--inspect=127.0.0.1:0',
    });
    expect(await end(standalone)).toMatch(/NODE_OPTIONS: --inspect shows/);
  });

  it('encryption §10 no master key opens the check record', async () => {
    const schema = 'tokensets';
    const keys = (await readFile(join(secrets, 'tokensets/master-keys'), 'utf8')).trim();
    await asOwner(`DELETE FROM ${schema}.installation_keys; DELETE FROM ${schema}.installation`);
    // The first start makes the ring and then finds nobody to talk to.
    const first = Child.app('tokensets', { ...environmentOf('tokensets'), STRONGROOM_MASTER_KEYS: keys });
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    while ((await client.query(`SELECT FROM ${schema}.installation_keys`)).rowCount === 0)
      await new Promise((done) => setTimeout(done, 100));
    await client.end();
    await first.end('SIGKILL');
    const said = await vault(`a:${OWN_KEY}`);
    expect(said).toMatch(/STRONGROOM_MASTER_KEYS: sealed rows but no key: nothing configured opens key/);
    expect(said.split('\n')).toHaveLength(1);
  });

  it('encryption §10 a spill directory that cannot be written', async () => {
    const file = join(home, 'not-a-directory');
    await writeFile(file, '');
    const said = await vault(`a:${OWN_KEY}`, { STRONGROOM_SPILL_DIR: file });
    expect(said).toMatch(/STRONGROOM_SPILL_DIR/);
    expect(said.split('\n')).toHaveLength(1);
  });

  it.each(['tokensets', 'identity', 'audit'] as const)('encryption §10 a restored database: %s', async (name) => {
    const schema = name.replaceAll('-', '_');
    const own: Partial<Record<ServiceName, Record<string, string>>> = {
      tokensets: { STRONGROOM_MASTER_KEYS: `a:${OWN_KEY}` },
      identity: {
        STRONGROOM_MASTER_KEYS: `a:${OWN_KEY}`,
        STRONGROOM_MANAGEMENT_CLIENT_ID: 'ops',
        STRONGROOM_MANAGEMENT_CLIENT_SECRET: 'cnry_management_secret',
      },
    };
    await asOwner(`UPDATE ${schema}.database_home SET system_identifier = '7000000000000000001'`);
    const said = await service(name, own[name]);
    expect(said).toMatch(new RegExp(`the database of "${schema}" is a restored one.*\`strongroom restore finish\``));
    expect(said.split('\n')).toHaveLength(1);
  });

  describe('standalone', () => {
    const start = (dataDir: string, changed: Record<string, string> = {}): Promise<string> =>
      end(Child.app('standalone', { STRONGROOM_DATA_DIR: dataDir, STRONGROOM_PORT: '39171', ...changed }));
    let dataDir: string;
    beforeEach(async () => {
      dataDir = await mkdtemp('/var/tmp/strongroom-refused-');
      await chmod(dataDir, 0o711);
    });
    afterEach(() => rm(dataDir, { recursive: true }));

    it('encryption §10 a file of the data directory that others can read', async () => {
      await writeFile(join(dataDir, 'master-keys'), `a:${OWN_KEY}`, { mode: 0o644 });
      expect(await start(dataDir)).toMatch(/master-keys can be read by others than its owner: chmod 600/);
    });

    it('encryption §10 sealed rows but no key file: none is made', async () => {
      const database = await startCopiedPostgres({ dataDir });
      await database.stop();
      expect(await start(dataDir)).toMatch(/master-keys is missing.*STRONGROOM_MASTER_KEYS/);
      await expect(readFile(join(dataDir, 'master-keys'))).rejects.toThrow(/ENOENT/);
    });

    it('encryption §10 an example key at a public address', async () => {
      const said = await start(dataDir, {
        STRONGROOM_MASTER_KEYS: `a:${EXAMPLE}`,
        STRONGROOM_PUBLIC_URL: 'https://vault.example.org',
      });
      expect(said).toMatch(/STRONGROOM_MASTER_KEYS: the key of entry 1 is an example/);
    });

    it('encryption §10 a spill directory that cannot be written', async () => {
      const file = join(dataDir, 'not-a-directory');
      await writeFile(file, '', { mode: 0o600 });
      expect(await start(dataDir, { STRONGROOM_SPILL_DIR: file })).toMatch(/STRONGROOM_SPILL_DIR/);
    });

    it('encryption §10 a restored database', async () => {
      const database = await startCopiedPostgres({ dataDir });
      await database.stop();
      await strongroom(['restore', 'finish', '--data-dir', dataDir]);
      const again = await startEmbeddedPostgres({ dataDir, durable: false });
      const client = new pg.Client({ connectionString: again.url });
      await client.connect();
      await client.query(`UPDATE tokensets.database_home SET system_identifier = '7000000000000000001'`);
      await client.end();
      await again.stop();
      expect(await start(dataDir, { STRONGROOM_MASTER_KEYS: `a:${OWN_KEY}` })).toMatch(
        /the database of "tokensets" is a restored one.*`strongroom restore finish`/,
      );
    });
  });
});

import { randomUUID } from 'node:crypto';
import { contextDatabase, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { RemoteKeyService, RemoteMasterKeys } from '../test/remote-key-service.js';
import { KeyServiceDenied, KeyServiceUnavailable } from './crypto.errors.js';
import { IntakePrivateKeys } from './intake-private-keys.js';
import { KeyRing } from './key-ring.js';
import type { KeyRingOptions } from './key-ring.options.js';
import { intakeKeyMigrations, keyRingMigrations } from './migrations/index.js';

/** `spec/encryption.md` §6 and §9, for a provider that can be away. */
describe('a ring under a remote key service', () => {
  const service = new RemoteKeyService();
  const opened: DataSource[] = [];
  const rings: KeyRing[] = [];
  let postgres: TestService;
  let schema: string;
  let now: number;
  let alarms: string[];

  beforeAll(async () => {
    postgres = await testPostgres();
  });
  beforeEach(async () => {
    [now, alarms] = [0, []];
    service.mood = 'well';
    await service.start();
    schema = `remote_${randomUUID().replaceAll('-', '')}`;
    const migrations = [...keyRingMigrations, ...intakeKeyMigrations];
    await migrate({ url: postgres.url, schema, entities: [], migrations });
  });
  afterEach(async () => {
    await Promise.all(rings.splice(0).map((ring) => ring.close()));
    await Promise.all(opened.splice(0).map((database) => database.destroy()));
    await service.stop();
  });
  afterAll(() => postgres.stop());

  /** Looks at nothing by itself, and its time is ours, unless said otherwise. */
  const load = async (options: Partial<KeyRingOptions> = {}): Promise<KeyRing> => {
    const at = { url: postgres.url, schema, entities: [], migrations: [], poolSize: 3 };
    const database = await new DataSource(contextDatabase(at)).initialize();
    opened.push(database);
    const quiet = () => undefined;
    const ring = await KeyRing.load({
      database,
      masterKeys: new RemoteMasterKeys(service),
      context: 'tokensets',
      logger: { info: quiet, warn: quiet, error: (_fields, message) => void alarms.push(message) },
      reloadMs: 3_600_000,
      now: () => now,
      ...options,
    });
    rings.push(ring);
    return ring;
  };
  const afterSeconds = (seconds: number) => void (now += seconds * 1000);
  const unwraps = () => service.calls.filter((call) => call === 'unwrap').length;
  const seal = (ring: KeyRing) => ring.sealValue('secret', 'o', 'f', 'cnry_value');
  const open = (ring: KeyRing, record: Buffer) => ring.openValue('secret', 'o', 'f', record).toString();

  describe('that is away at start', () => {
    it('is sealed, gives and takes nothing, and opens by itself once the service is back', async () => {
      const record = seal(await load());
      await service.stop();
      const ring = await load({ reloadMs: 50 });
      const intake = await IntakePrivateKeys.load(ring, opened.at(-1)!);
      expect(ring.isSealed).toBe(true);
      for (const call of [() => seal(ring), () => open(ring, record), () => intake.current()])
        expect(call).toThrow(KeyServiceUnavailable);
      await service.start();
      await eventually(() => expect(open(ring, record)).toBe('cnry_value'));
      expect(ring.isSealed).toBe(false);
      await eventually(() => expect(intake.current().installationId).toBe(ring.installationId));
    });

    it('is asked again within seconds, however seldom the tables are looked at', async () => {
      const record = seal(await load());
      service.mood = 'failing';
      const ring = await load();
      const before = unwraps();
      await eventually(() => expect(unwraps()).toBeGreaterThan(before + 1));
      service.mood = 'well';
      await eventually(() => expect(open(ring, record)).toBe('cnry_value'));
    });

    it('creates nothing in an empty schema until the service is back', async () => {
      await service.stop();
      const ring = await load({ reloadMs: 50 });
      expect(await opened[0]!.query('select 1 from installation_keys')).toEqual([]);
      expect(() => ring.installationId).toThrow(KeyServiceUnavailable);
      await service.start();
      await eventually(() => expect(open(ring, seal(ring))).toBe('cnry_value'));
    });

    it('keeps nobody waiting with a rotation while it is sealed', async () => {
      await load();
      await service.stop();
      await load();
      const nodes: { count: string }[] = await opened[0]!.query('select count(distinct node) from key_loads');
      expect(nodes).toEqual([{ count: '1' }]);
    });
  });

  describe('that is lost later', () => {
    it('serves for 300 s from the last answer, and then not at all', async () => {
      const ring = await load();
      const record = seal(ring);
      await service.stop();
      for (const seconds of [150, 100, 49]) {
        afterSeconds(seconds);
        await ring.reload();
        expect(open(ring, record)).toBe('cnry_value');
        expect(ring.isSealed).toBe(false);
      }
      afterSeconds(1);
      expect(() => open(ring, record)).toThrow(KeyServiceUnavailable);
      expect(() => seal(ring)).toThrow(KeyServiceUnavailable);
      expect(ring.isSealed).toBe(true);
      await service.start();
      await ring.reload();
      expect(open(ring, record)).toBe('cnry_value');
    });

    it('serves for as long as was set', async () => {
      const ring = await load({ masterKeyCacheSeconds: 10 });
      await service.stop();
      afterSeconds(9);
      expect(() => seal(ring)).not.toThrow();
      afterSeconds(1);
      expect(() => seal(ring)).toThrow(KeyServiceUnavailable);
    });

    it('lets go of the keys of tokensets no later than of the key that opened them', async () => {
      const ring = await load();
      const { key, wrapped } = ring.newTokensetKey('ts_1');
      await service.stop();
      afterSeconds(270);
      ring.openTokensetKey('ts_1', key.id, wrapped);
      afterSeconds(29);
      expect(ring.openTokensetKey('ts_1', key.id, wrapped).id).toBe(key.id);
      afterSeconds(1);
      expect(() => ring.openTokensetKey('ts_1', key.id, wrapped)).toThrow(KeyServiceUnavailable);
    });

    it('opens no box either', async () => {
      const ring = await load();
      const intake = await IntakePrivateKeys.load(ring, opened.at(-1)!);
      expect(intake.current()).toBeDefined();
      await service.stop();
      afterSeconds(300);
      expect(() => intake.current()).toThrow(KeyServiceUnavailable);
    });
  });

  it('asks again at half of the time, and not before', async () => {
    const ring = await load();
    const before = unwraps();
    afterSeconds(149);
    await ring.reload();
    expect(unwraps()).toBe(before);
    afterSeconds(1);
    await ring.reload();
    expect(unwraps()).toBe(before + 1);
    afterSeconds(299);
    expect(() => seal(ring)).not.toThrow();
  });

  it('asks again while the database is away', async () => {
    const ring = await load();
    const record = seal(ring);
    await opened[0]!.destroy();
    afterSeconds(200);
    await expect(ring.reload()).rejects.toThrow();
    afterSeconds(200);
    expect(open(ring, record)).toBe('cnry_value');
    await opened[0]!.initialize();
  });

  it('asks once in the life of the process where the keys are here', async () => {
    class Here extends RemoteMasterKeys {
      override readonly isRemote = false;
    }
    const ring = await load({ masterKeys: new Here(service) });
    const before = unwraps();
    afterSeconds(1_000_000);
    await ring.reload();
    expect(() => seal(ring)).not.toThrow();
    expect(unwraps()).toBe(before);
  });

  it('takes a refusal as an absence, and raises an alarm, once', async () => {
    const ring = await load();
    service.mood = 'denying';
    for (let n = 0; n < 3; n++) {
      afterSeconds(150);
      await ring.reload();
    }
    expect(() => seal(ring)).toThrow(KeyServiceDenied);
    expect(alarms).toEqual(['the key service refuses to unwrap our keys']);
    expect(ring.counters.failures.get('denied')).toBeGreaterThanOrEqual(3);
    service.mood = 'well';
    await ring.reload();
    expect(() => seal(ring)).not.toThrow();
    service.mood = 'denying';
    afterSeconds(150);
    await ring.reload();
    expect(alarms).toHaveLength(2);
  });

  it('opens again by itself after a loss', async () => {
    const ring = await load({ reloadMs: 50, masterKeyCacheSeconds: 1, now: () => performance.now() });
    await service.stop();
    await eventually(() => expect(ring.isSealed).toBe(true));
    await service.start();
    await eventually(() => expect(ring.isSealed).toBe(false));
  });

  it('holds 16 keys at most, the newest', async () => {
    const first = await load();
    const { database } = first.options;
    const [row] = await database.query<{ id: string }[]>('select id from installation_keys');
    await database.query(`update installation_keys set version = 100`);
    for (let version = 1; version <= 20; version++)
      await database.query(
        `insert into installation_keys (id, version, state, wrapped, check_record)
         select gen_random_uuid(), $1, 'retiring', wrapped, check_record from installation_keys where id = $2`,
        [version, row!.id],
      );
    service.calls.length = 0;
    afterSeconds(150);
    await first.reload();
    expect(unwraps()).toBe(16);
  });
});

async function eventually(assertion: () => void): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      return assertion();
    } catch (error) {
      if (n === 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

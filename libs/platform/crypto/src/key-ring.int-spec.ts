import { randomBytes, randomUUID } from 'node:crypto';
import { contextDatabase, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { aad } from './aad.js';
import { secretAad } from './aad-rows.js';
import { ConfiguredMasterKeys } from './configured-master-keys.js';
import { KeyRingBehindError, KeyServiceUnavailable, NoKeyForSealedRowsError } from './crypto.errors.js';
import { boxKeyId, sealBox } from './intake-box.js';
import { IntakePrivateKeys } from './intake-private-keys.js';
import { KeyRing } from './key-ring.js';
import type { KeyRingOptions } from './key-ring.options.js';
import { MasterKeys } from './master-keys.js';
import { intakeKeyMigrations, keyRingMigrations } from './migrations/index.js';
import { open, recordKeyId, seal } from './record.js';
import { KeyRotation } from './rotation/key-rotation.js';
import { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

type Context = 'tokensets' | 'identity';

describe('KeyRing', () => {
  const masterKeys = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('first'));
  const opened: DataSource[] = [];
  const rings: KeyRing[] = [];
  let postgres: TestService;

  beforeAll(async () => {
    postgres = await testPostgres();
  });
  afterAll(async () => {
    await Promise.all(rings.map((ring) => ring.close()));
    await Promise.all(opened.map((database) => database.destroy()));
    await postgres.stop();
  });

  /** A data source of its own on the schema, as another process would have it. */
  const connect = async (schema: string): Promise<DataSource> => {
    const options = { url: postgres.url, schema, entities: [], migrations: [], poolSize: 2 };
    const database = await new DataSource(contextDatabase(options)).initialize();
    opened.push(database);
    return database;
  };
  const emptySchema = async (): Promise<string> => {
    const schema = `keys_${randomUUID().replaceAll('-', '')}`;
    const migrations = [...keyRingMigrations, ...intakeKeyMigrations];
    await migrate({ url: postgres.url, schema, entities: [], migrations });
    return schema;
  };
  const load = async (
    schema: string,
    keys: MasterKeys = masterKeys,
    context: Context = 'tokensets',
    options: Partial<KeyRingOptions> = {},
  ) => {
    const ring = await KeyRing.load({ database: await connect(schema), masterKeys: keys, context, ...options });
    rings.push(ring);
    return ring;
  };

  it('creates one installation and one key, however many start at once', async () => {
    const schema = await emptySchema();
    const rings = await Promise.all(Array.from({ length: 6 }, () => load(schema)));
    expect(new Set(rings.map((ring) => ring.installationId)).size).toBe(1);
    expect(new Set(rings.map((ring) => ring.primary().id)).size).toBe(1);
    const record = rings[0]!.sealValue('secret', 'owner', 'field', 'cnry_value');
    for (const ring of rings) expect(ring.openValue('secret', 'owner', 'field', record).toString()).toBe('cnry_value');
    const rows: unknown[] = await opened.at(-1)!.query('select 1 from installation_keys');
    expect(rows).toHaveLength(1);
  });

  it('opens after a restart what it sealed before', async () => {
    const schema = await emptySchema();
    const before = await load(schema);
    const record = before.sealValue('signing-key', 'owner', 'jwk', Buffer.from('cnry_jwk'));
    const { key, wrapped } = before.newTokensetKey('ts_1');
    const token = seal(key, Buffer.from('cnry_token'), aad(['x']));

    const after = await load(schema);
    expect(after.openValue('signing-key', 'owner', 'jwk', record).toString()).toBe('cnry_jwk');
    expect(open(after.openTokensetKey('ts_1', key.id, wrapped), token, aad(['x'])).toString()).toBe('cnry_token');
  });

  it('binds a value to kind, owner, field and installation', async () => {
    const [ring, elsewhere] = [await load(await emptySchema()), await load(await emptySchema())];
    const record = ring.sealValue('secret', 'owner', 'field', 'cnry_value');
    const attempts = [
      () => ring.openValue('other', 'owner', 'field', record),
      () => ring.openValue('secret', 'other', 'field', record),
      () => ring.openValue('secret', 'owner', 'other', record),
      () => elsewhere.openValue('secret', 'owner', 'field', record),
      () => ring.openValue('secret', 'owner', 'field', Buffer.from('not sealed at all')),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(UnreadableRecord);
  });

  it('refuses to start without the master key, and creates nothing in its place', async () => {
    const schema = await emptySchema();
    const before = await load(schema);
    const other = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('first'));
    const refusal = await load(schema, other).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NoKeyForSealedRowsError);
    expect((refusal as Error).message).toContain('STRONGROOM_MASTER_KEYS: sealed rows but no key');
    expect((await load(schema)).primary().id).toBe(before.primary().id);
  });

  it('refuses to start when the installation has lost its keys', async () => {
    const schema = await emptySchema();
    await load(schema);
    await opened.at(-1)!.query('delete from installation_keys');
    await expect(load(schema)).rejects.toThrow(NoKeyForSealedRowsError);
  });

  it('refuses to start when a key does not open its check record', async () => {
    const schema = await emptySchema();
    await load(schema);
    await opened.at(-1)!.query('update installation_keys set check_record = $1', [randomBytes(90)]);
    await expect(load(schema)).rejects.toThrow(NoKeyForSealedRowsError);
  });

  it('is sealed while the key service is away, says so, and creates nothing', async () => {
    const schema = await emptySchema();
    await load(schema);
    class AwayMasterKeys extends MasterKeys {
      readonly id = 'away';
      readonly isRemote = true;
      readonly keyNames = ['away'];
      wrappedBy = () => undefined;
      wrap = () => Promise.reject(new KeyServiceUnavailable());
      unwrap = () => Promise.reject(new KeyServiceUnavailable());
      health = () => Promise.reject(new KeyServiceUnavailable());
    }
    const empty = await emptySchema();
    for (const ring of [await load(schema, new AwayMasterKeys()), await load(empty, new AwayMasterKeys())]) {
      expect(ring.isSealed).toBe(true);
      expect(() => ring.sealValue('secret', 'o', 'f', 'cnry_value')).toThrow(KeyServiceUnavailable);
      expect(() => ring.newTokensetKey('ts_1')).toThrow(KeyServiceUnavailable);
    }
    const rows: unknown[] = await (await connect(empty)).query('select 1 from installation');
    expect(rows).toEqual([]);
  });

  it("cannot unwrap another context's keys with the same master keys", async () => {
    const schema = await emptySchema();
    await load(schema, masterKeys, 'identity');
    await expect(load(schema, masterKeys, 'tokensets')).rejects.toThrow(NoKeyForSealedRowsError);
  });

  it('follows a change of the master key: new one first, old one behind', async () => {
    const schema = await emptySchema();
    const [old, fresh] = [ConfiguredMasterKeys.generate('old'), ConfiguredMasterKeys.generate('new')];
    const record = (await load(schema, ConfiguredMasterKeys.parse(old))).sealValue('secret', 'o', 'f', 'cnry_value');
    const ring = await load(schema, ConfiguredMasterKeys.parse(`${fresh},${old}`));
    expect(ring.openValue('secret', 'o', 'f', record).toString()).toBe('cnry_value');
  });

  it('goes on opening with a key that retires, and seals with the new primary only', async () => {
    const schema = await emptySchema();
    const before = await load(schema);
    const record = before.sealValue('secret', 'o', 'f', 'cnry_value');
    const database = opened.at(-1)!;
    const [id, bytes] = [randomUUID(), randomBytes(32)];
    const { installationId } = before;
    const context = {
      purpose: 'installation-key',
      installationId,
      context: 'tokensets',
      keyId: id,
      version: 2,
    } as const;
    const check = secretAad({ kind: 'check', installationId, ownerId: id, field: 'tokensets' });
    await database.query(`update installation_keys set state = 'retiring'`);
    await database.query(
      `insert into installation_keys (id, version, state, wrapped, check_record) values ($1, 2, 'primary', $2, $3)`,
      [id, await masterKeys.wrap(bytes, context), seal(SealingKey.from(id, bytes), Buffer.from('strongroom'), check)],
    );
    const after = await load(schema);
    expect(after.openValue('secret', 'o', 'f', record).toString()).toBe('cnry_value');
    expect(recordKeyId(after.sealValue('secret', 'o', 'f', 'cnry_value'))).toBe(id);
    await database.query(`update installation_keys set state = 'retired' where version = 1`);
    const last = await load(schema);
    // Nothing is wrong with the record: whoever asks again in a moment finds the key back.
    expect(() => last.openValue('secret', 'o', 'f', record)).toThrow(KeyRingBehindError);
  });

  describe('that meets a key it does not know', () => {
    /** Sealed by another process, under a key that came after this one had looked. */
    const underNewerKey = async (schema: string): Promise<Buffer> => {
      const other = await load(schema);
      const rotation = new KeyRotation({ ring: other, targets: [], say: async () => {}, rowsPerSecond: 500 });
      await rotation.rekey();
      await opened.at(-1)!.query(`delete from key_loads where node not in
        (select node from key_loads where kind = 'installation' and state = 'pre_active')`);
      await rotation.tick();
      return other.sealValue('secret', 'o', 'f', 'cnry_value');
    };
    const quiet = { info: () => undefined, error: () => undefined };

    it('does not judge the record before it has looked, and looks at once', async () => {
      const schema = await emptySchema();
      let now = 0;
      const ring = await load(schema, masterKeys, 'tokensets', { now: () => now, reloadMs: 3_600_000 });
      const record = await underNewerKey(schema);
      const open = () => ring.openValue('secret', 'o', 'f', record).toString();
      now = 20_001;
      expect(open).toThrow(KeyRingBehindError);
      expect(ring.counters.failures.get('behind')).toBe(1);
      await eventually(() => expect(open()).toBe('cnry_value'));
    });

    it('says that the record does not open if it has just looked, and names the key in the log', async () => {
      const ids: unknown[] = [];
      const logger = { ...quiet, warn: (fields: object) => void ids.push(fields) };
      const ring = await load(await emptySchema(), masterKeys, 'tokensets', { logger, now: () => 0 });
      const elsewhere = await load(await emptySchema());
      const record = elsewhere.sealValue('secret', 'o', 'f', 'cnry_value');
      for (let n = 0; n < 3; n++) expect(() => ring.openValue('secret', 'o', 'f', record)).toThrow(UnreadableRecord);
      expect(ids).toEqual([{ keyId: elsewhere.primary().id }]);
      expect(ring.counters.failures.get('unknown_key')).toBe(3);
    });

    it('takes over new keys by itself', async () => {
      const schema = await emptySchema();
      const ring = await load(schema, masterKeys, 'tokensets', { reloadMs: 50 });
      const record = await underNewerKey(schema);
      await eventually(() => expect(ring.primary().id).toBe(recordKeyId(record)));
      expect(ring.openValue('secret', 'o', 'f', record).toString()).toBe('cnry_value');
    });

    it('seals nothing after half a day without a look: its key may be about to go', async () => {
      let now = 0;
      const ring = await load(await emptySchema(), masterKeys, 'tokensets', { now: () => now, reloadMs: 3_600_000 });
      now = 12 * 3_600_000 + 1;
      expect(() => ring.sealValue('secret', 'o', 'f', 'cnry_value')).toThrow(KeyRingBehindError);
      await ring.reload();
      expect(() => ring.sealValue('secret', 'o', 'f', 'cnry_value')).not.toThrow();
    });
  });

  it('goes on with what it has while its database is away', async () => {
    const ring = await load(await emptySchema(), masterKeys, 'tokensets', { reloadMs: 50 });
    const record = ring.sealValue('secret', 'o', 'f', 'cnry_value');
    await ring.options.database.destroy();
    await expect(ring.reload()).rejects.toThrow();
    expect(ring.openValue('secret', 'o', 'f', record).toString()).toBe('cnry_value');
    await ring.options.database.initialize();
    await ring.reload();
  });

  it('only looks as an observer: writes nothing, and nobody waits for it', async () => {
    const schema = await emptySchema();
    const record = (await load(schema)).sealValue('secret', 'o', 'f', 'cnry_value');
    const before: unknown[] = await opened.at(-1)!.query('select node from key_loads group by node');
    const observer = await load(schema, masterKeys, 'tokensets', { isObserver: true });
    expect(observer.openValue('secret', 'o', 'f', record).toString()).toBe('cnry_value');
    expect(await opened.at(-1)!.query('select node from key_loads group by node')).toEqual(before);
    const empty = await load(await emptySchema(), masterKeys, 'tokensets', { isObserver: true });
    expect(empty.isSealed).toBe(true);
    expect(await opened.at(-1)!.query('select 1 from installation')).toEqual([]);
  });

  it('counts what is sealed under a key over all processes and starts, and raises the alarm there', async () => {
    const schema = await emptySchema();
    const alarms: unknown[] = [];
    const logger = {
      info: () => undefined,
      warn: () => undefined,
      error: (fields: object) => void alarms.push(fields),
    };
    const options = { sealsAlarm: 5, logger, reloadMs: 3_600_000 };
    const rings = [];
    for (let n = 0; n < 2; n++) rings.push(await load(schema, masterKeys, 'tokensets', options));
    for (const ring of [...rings, ...rings]) {
      ring.newTokensetKey('ts_1');
      ring.newTokensetKey('ts_2');
      await ring.reload();
    }
    const rows: unknown[] = await opened.at(-1)!.query('select sealed from installation_keys');
    expect(rows).toEqual([{ sealed: '8' }]);
    expect(alarms).toContainEqual({ keyId: rings[0]!.primary().id, seals: 6 });
    expect(rings[0]!.counters.seals.get('tokenset-key')).toBe(4);
  });

  it('holds no key and no plaintext in its tables', async () => {
    const schema = await emptySchema();
    await load(schema);
    const rows: { wrapped: Buffer; check_record: Buffer }[] = await opened
      .at(-1)!
      .query('select wrapped, check_record from installation_keys');
    for (const { wrapped, check_record } of rows)
      for (const bytes of [wrapped, check_record]) expect(bytes.toString('latin1', 0, 2)).toBe('SR');
  });

  describe('the keys of tokensets', () => {
    it('open for their tokenset and key id only', async () => {
      const schema = await emptySchema();
      const made = (await load(schema)).newTokensetKey('ts_1');
      const ring = await load(schema);
      expect(() => ring.openTokensetKey('ts_2', made.key.id, made.wrapped)).toThrow(UnreadableRecord);
      expect(() => ring.openTokensetKey('ts_1', randomUUID(), made.wrapped)).toThrow(UnreadableRecord);
      const other = ring.newTokensetKey('ts_2');
      expect(() => ring.openTokensetKey('ts_1', other.key.id, other.wrapped)).toThrow(UnreadableRecord);
      expect(ring.openTokensetKey('ts_1', made.key.id, made.wrapped).id).toBe(made.key.id);
    });

    it('are derived once while they are remembered, and again after they are forgotten', async () => {
      const schema = await emptySchema();
      const { key, wrapped } = (await load(schema)).newTokensetKey('ts_1');
      const ring = await load(schema);
      const first = ring.openTokensetKey('ts_1', key.id, wrapped);
      for (let n = 0; n < 1000; n++) expect(ring.openTokensetKey('ts_1', key.id, wrapped)).toBe(first);
      expect(ring.counters).toMatchObject({ cacheHits: 1000, cacheMisses: 1 });
      ring.forget(key.id);
      expect(ring.openTokensetKey('ts_1', key.id, wrapped)).not.toBe(first);
      ring.forget(key.id);
      expect(() => ring.openTokensetKey('ts_1', key.id, Buffer.alloc(0))).toThrow(UnreadableRecord);
    });
  });

  describe('the intake keys', () => {
    const context = { purpose: 'provider-code', connectionId: 'con_1', ownerId: 'cs_1', field: 'code' } as const;
    const loadIntake = async (schema: string) => IntakePrivateKeys.load(await load(schema), await connect(schema));

    it('are one pair for all that start at once, and open boxes after a restart', async () => {
      const schema = await emptySchema();
      const all = await Promise.all(Array.from({ length: 4 }, () => loadIntake(schema)));
      expect(new Set(all.map((keys) => keys.current().publicKey)).size).toBe(1);
      const box = await sealBox(all[0]!.current(), context, 'cnry_code');
      expect(boxKeyId(box)).toBe(all[1]!.current().keyId);
      expect(await (await loadIntake(schema)).open(context, box)).toBe('cnry_code');
    });

    it('open no box of another installation, purpose or owner', async () => {
      const [here, there] = [await loadIntake(await emptySchema()), await loadIntake(await emptySchema())];
      const box = await sealBox(here.current(), context, 'cnry_code');
      await expect(there.open(context, box)).rejects.toThrow(UnreadableRecord);
      await expect(here.open({ ...context, purpose: 'pkce-verifier' }, box)).rejects.toThrow(UnreadableRecord);
      await expect(here.open({ ...context, ownerId: 'cs_2' }, box)).rejects.toThrow(UnreadableRecord);
      await expect(here.open(context, 'no box')).rejects.toThrow(UnreadableRecord);
    });

    it('do not open when one was put into the place of another', async () => {
      const schema = await emptySchema();
      await loadIntake(schema);
      await opened.at(-1)!.query('update intake_keys set id = $1', [randomUUID()]);
      await expect(loadIntake(schema)).rejects.toThrow(UnreadableRecord);
    });
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

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
import { MasterKeys } from './master-keys.js';
import { intakeKeyMigrations, keyRingMigrations } from './migrations/index.js';
import { open, recordKeyId, seal } from './record.js';
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
  }, 120_000);
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
  const load = async (schema: string, keys: MasterKeys = masterKeys, context: Context = 'tokensets') => {
    const ring = await KeyRing.load({ database: await connect(schema), masterKeys: keys, context });
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

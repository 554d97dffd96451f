import { randomUUID } from 'node:crypto';
import { contextDatabase, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { ConfiguredMasterKeys } from '../configured-master-keys.js';
import { KeyRingBehindError, NoKeyForSealedRowsError, RekeyRunningError } from '../crypto.errors.js';
import { sealBox } from '../intake-box.js';
import { IntakePrivateKeys } from '../intake-private-keys.js';
import type { KeyLog } from '../key-log.js';
import { KeyRing } from '../key-ring.js';
import { intakeKeyMigrations, keyRingMigrations } from '../migrations/index.js';
import { recordKeyId } from '../record.js';
import { type KeyIdColumn, keyIdColumnSql } from './key-id-column.js';
import { KeyRotation } from './key-rotation.js';
import { masterKeysInUse } from './master-key-change.js';
import type { KeyringChange, KeyRotationOptions, RewrapTarget } from './rotation.types.js';
import { intakeKeysTarget, sealedValuesTarget, tokensetKeysTarget } from './targets.js';

const keysAt: KeyIdColumn = {
  table: 'tokenset_keys',
  idColumn: 'key_id',
  sealedColumn: 'wrapped',
  keyIdColumn: 'wrapping_key_id',
};
const secretsAt: KeyIdColumn = {
  table: 'secrets',
  idColumn: 'owner',
  sealedColumn: 'sealed',
  keyIdColumn: 'sealing_key_id',
};
const successorsAt: KeyIdColumn = {
  table: 'successors',
  idColumn: 'id_hash',
  sealedColumn: 'sealed',
  keyIdColumn: 'sealing_key_id',
};
const targets: RewrapTarget[] = [
  sealedValuesTarget(successorsAt, { kind: 'refresh_token', ownerColumn: 'family_id', field: 'successor' }),
  intakeKeysTarget,
  tokensetKeysTarget(keysAt, 'tokenset_id'),
  sealedValuesTarget(secretsAt, { kind: 'client-secret', ownerColumn: 'owner', field: 'client_secret' }),
];

class TestTables1 {
  name = 'TestTables1999999999999';
  async up(runner: { query(sql: string): Promise<unknown> }): Promise<void> {
    await runner.query(`
      create table tokenset_keys (key_id uuid primary key, tokenset_id text not null, wrapped bytea not null);
      create table secrets (owner text primary key, sealed bytea);
      create table successors (id_hash bytea primary key, family_id uuid not null, sealed bytea)`);
    await runner.query(keyIdColumnSql(successorsAt));
    await runner.query(keyIdColumnSql(keysAt));
    await runner.query(keyIdColumnSql(secretsAt));
  }
  async down(): Promise<void> {}
}

/** What a process has: a ring, its connections, and a rotation that is driven by hand. */
interface Process {
  ring: KeyRing;
  rotation: KeyRotation;
  database: DataSource;
  alarms: string[];
}

describe('KeyRotation', () => {
  const masterKey = ConfiguredMasterKeys.generate('first');
  const opened: DataSource[] = [];
  const rings: KeyRing[] = [];
  let postgres: TestService;
  let schema: string;
  let said: KeyringChange[];

  beforeAll(async () => {
    postgres = await testPostgres();
  }, 120_000);
  beforeEach(async () => {
    schema = `rotation_${randomUUID().replaceAll('-', '')}`;
    said = [];
    const migrations = [...keyRingMigrations, ...intakeKeyMigrations, TestTables1];
    await migrate({ url: postgres.url, schema, entities: [], migrations });
  });
  afterEach(async () => {
    await Promise.all(rings.splice(0).map((ring) => ring.close()));
    await Promise.all(opened.splice(0).map((database) => database.destroy()));
  });
  afterAll(() => postgres.stop());

  const start = async (options: Partial<KeyRotationOptions> & { masterKeys?: string } = {}): Promise<Process> => {
    const at = { url: postgres.url, schema, entities: [], migrations: [], poolSize: 4 };
    const database = await new DataSource(contextDatabase(at)).initialize();
    opened.push(database);
    const alarms: string[] = [];
    const quiet = () => undefined;
    const logger: KeyLog = { info: quiet, warn: quiet, error: (_fields, message) => void alarms.push(message) };
    const masterKeys = ConfiguredMasterKeys.parse(options.masterKeys ?? masterKey);
    // Looked at by hand: what a process has not seen yet is part of what is tried here.
    const ring = await KeyRing.load({ database, masterKeys, context: 'tokensets', logger, reloadMs: 3_600_000 });
    rings.push(ring);
    const rotation = new KeyRotation({
      ring,
      targets,
      say: (_tx, change) => Promise.resolve(void said.push(change)),
      rowsPerSecond: 1_000_000,
      retiredSeconds: 0,
      settleSeconds: 0,
      logger,
      ...options,
    });
    return { ring, rotation, database, alarms };
  };

  const addKey = async ({ ring, database }: Process): Promise<string> => {
    const tokensetId = `ts_${randomUUID()}`;
    const { key, wrapped } = ring.newTokensetKey(tokensetId);
    await database.query('insert into tokenset_keys (key_id, tokenset_id, wrapped) values ($1, $2, $3)', [
      key.id,
      tokensetId,
      wrapped,
    ]);
    return key.id;
  };
  const addSecret = async ({ ring, database }: Process): Promise<string> => {
    const owner = randomUUID();
    const sealed = ring.sealValue('client-secret', owner, 'client_secret', `cnry_${owner}`);
    await database.query('insert into secrets (owner, sealed) values ($1, $2)', [owner, sealed]);
    return owner;
  };
  /** Everything that is stored, opened by this process. Its cache is passed by. */
  const openAll = async ({ ring, database }: Process): Promise<number> => {
    const keys: { key_id: string; tokenset_id: string; wrapped: Buffer }[] = await database.query(
      'select key_id, tokenset_id, wrapped from tokenset_keys',
    );
    for (const { key_id, tokenset_id, wrapped } of keys) {
      ring.forget(key_id);
      ring.openTokensetKey(tokenset_id, key_id, wrapped);
    }
    const secrets: { owner: string; sealed: Buffer }[] = await database.query('select owner, sealed from secrets');
    for (const { owner, sealed } of secrets)
      expect(ring.openValue('client-secret', owner, 'client_secret', sealed).toString()).toBe(`cnry_${owner}`);
    return keys.length + secrets.length;
  };
  const states = async ({ rotation }: Process): Promise<string[]> =>
    (await rotation.status()).map(({ state }) => state);
  /** Steps of the first process, and looks of all, until the keys are in these states. */
  const until = async (wanted: string, ...processes: Process[]): Promise<void> => {
    for (let n = 0; n < 60; n++) {
      if ((await states(processes[0]!)).join(' ') === wanted) return;
      await processes[0]!.rotation.tick();
      for (const { ring } of processes) await ring.reload();
    }
    throw new Error(`never ${wanted}, but ${(await states(processes[0]!)).join(' ')}`);
  };

  it('takes every record from the old key to the new one, and destroys the old one', async () => {
    const [one, two] = [await start(), await start()];
    const intake = await IntakePrivateKeys.load(one.ring, one.database);
    const context = { purpose: 'provider-code', connectionId: 'con_1', ownerId: 'cs_1', field: 'code' } as const;
    const box = await sealBox(intake.current(), context, 'cnry_code');
    for (let n = 0; n < 30; n++) await addKey(n % 2 ? one : two);
    for (let n = 0; n < 20; n++) await addSecret(n % 2 ? one : two);
    const old = one.ring.primary().id;
    const family = randomUUID();
    const successor = (ring: KeyRing, sealed: Buffer) => ring.openValue('refresh_token', family, 'successor', sealed);
    for (let n = 0; n < 3; n++)
      await one.database.query('insert into successors values ($1, $2, $3)', [
        Buffer.from([n, 255, 0]),
        family,
        one.ring.sealValue('refresh_token', family, 'successor', 'cnry_successor'),
      ]);

    await one.rotation.rekey();
    await until('destroyed primary', one, two);

    expect(said.map(({ step }) => step)).toEqual(['created', 'promoted', 'retired', 'destroyed']);
    expect(one.ring.primary().id).not.toBe(old);
    expect(two.ring.primary().id).toBe(one.ring.primary().id);
    expect(await openAll(one)).toBe(50);
    // A process that never had the old key: it opens all the same.
    const fresh = await start();
    expect(await openAll(fresh)).toBe(50);
    const successors = await one.database.query<{ sealed: Buffer }[]>('select sealed from successors');
    expect(successors.map(({ sealed }) => successor(fresh.ring, sealed).toString())).toEqual(
      Array(3).fill('cnry_successor'),
    );
    expect(await (await IntakePrivateKeys.load(fresh.ring, fresh.database)).open(context, box)).toBe('cnry_code');
    const [row] = await one.database.query<{ wrapped: null; check_record: null; created_at: Date }[]>(
      'select wrapped, check_record, created_at from installation_keys where id = $1',
      [old],
    );
    expect(row).toEqual({ wrapped: null, check_record: null, created_at: expect.any(Date) as Date });
    expect([...one.alarms, ...two.alarms]).toEqual([]);
  });

  it('does not touch the records of tokensets, nor rows that hold nothing', async () => {
    const one = await start();
    await one.database.query(`insert into secrets (owner) values ('empty')`);
    await one.rotation.rekey();
    await until('destroyed primary', one);
    expect(await one.database.query(`select sealed from secrets where owner = 'empty'`)).toEqual([{ sealed: null }]);
  });

  it('counts what is sealed, what remains and how far it has come', async () => {
    const one = await start({ rowsPerSecond: 1 });
    for (let n = 0; n < 4; n++) await addSecret(one);
    await one.ring.reload();
    expect(await one.rotation.status()).toMatchObject([
      { state: 'primary', context: 'tokensets', sealed: 4, remaining: 4, progress: 0, masterKeyId: 'first' },
    ]);
    await one.rotation.rekey();
    await until('retiring primary', one);
    await one.rotation.tick();
    const [old, fresh] = await one.rotation.status();
    expect(old).toMatchObject({ remaining: 3, progress: 0.25 });
    expect(fresh).toMatchObject({ remaining: 1, progress: 0 });
  });

  describe('a new key', () => {
    it('is not used before every live process has it', async () => {
      const [one, two] = [await start(), await start()];
      await one.rotation.rekey();
      for (let n = 0; n < 5; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await two.ring.reload();
      await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
    });

    it('waits for no process that has ended in order, or was not seen for 30 s', async () => {
      const [one, two, three] = [await start(), await start(), await start()];
      await one.rotation.rekey();
      await two.ring.close();
      await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await one.database.query(
        `update key_loads set seen_at = seen_at - interval '31 s' where node not in
           (select node from key_loads where kind = 'installation' and state = 'pre_active')`,
      );
      await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
      // The sleeper wakes up: what it finds is not its to judge before it has looked.
      expect(await openAll(three)).toBe(0);
      const owner = await addSecret(one);
      const [row] = await one.database.query<{ sealed: Buffer }[]>('select sealed from secrets');
      await three.ring.reload();
      expect(three.ring.openValue('client-secret', owner, 'client_secret', row!.sealed).toString()).toBe(
        `cnry_${owner}`,
      );
    });

    it('is one, however many ask at once, and none while one is on its way', async () => {
      const [one, two] = [await start(), await start()];
      const asked = await Promise.allSettled([one, two, one, two].map(({ rotation }) => rotation.rekey()));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const answer of asked)
        if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(RekeyRunningError);
      await until('retiring primary', one, two);
      await expect(two.rotation.rekey()).rejects.toThrow(RekeyRunningError);
      await until('destroyed primary', one, two);
      await two.rotation.rekey();
      await until('destroyed destroyed primary', one, two);
    });

    it('that a process cannot unwrap is not used, and that process goes on', async () => {
      const two = await start();
      const one = await start({ masterKeys: `${ConfiguredMasterKeys.generate('new')},${masterKey}` });
      await addSecret(two);
      await one.rotation.rekey();
      await two.ring.reload();
      for (let n = 0; n < 5; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      expect(await openAll(two)).toBe(1);
      expect(two.alarms).toEqual(['no master key of this process opens an installation key']);
      const again = await start(); // as one that crashed before its configuration was changed: nothing is under that key
      expect(await openAll(again)).toBe(1);
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await one.ring.close(); // the change is taken back: nobody opens that key any more, and everything else goes on
      await again.rotation.tick();
      expect(await states(again)).toEqual(['primary', 'pre_active']);
    });
  });

  it('never lets a process seal under a key that another cannot open, in whatever order they look', async () => {
    let destroyed = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const processes = [await start(), await start(), await start()];
      const random = generator(seed);
      const any = () => processes[Math.floor(random() * processes.length)]!;
      await any().ring.reload();
      await any()
        .rotation.rekey()
        .catch((error: unknown) => expect(error).toBeInstanceOf(RekeyRunningError));
      for (let n = 0; n < 25; n++) {
        await processes[0]!.database.query('update installation_keys set next_batch_at = null'); // no waiting
        await (random() < 0.5 ? any().rotation.tick() : any().ring.reload());
        await addKey(any());
        for (const process of processes) await openAll(process);
      }
      destroyed = (await states(processes[0]!)).filter((state) => state === 'destroyed').length;
      await processes[0]!.database.query('delete from tokenset_keys');
      await Promise.all(rings.splice(0).map((ring) => ring.close()));
    }
    expect(destroyed).toBeGreaterThan(3); // so much has been turned meanwhile
  }, 120_000);

  describe('the old key', () => {
    const retiring = async (options: Partial<KeyRotationOptions> = {}): Promise<[Process, Process]> => {
      const both: [Process, Process] = [await start(options), await start(options)];
      await addSecret(both[0]);
      await both[0].rotation.rekey();
      await until('retiring primary', ...both);
      return both;
    };

    it('does not retire while a process still seals under it', async () => {
      const [one, two] = [await start(), await start()];
      await one.rotation.rekey();
      await two.ring.reload();
      for (let n = 0; n < 6; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
      const owner = await addSecret(two);
      await two.ring.reload();
      for (let n = 0; n < 6; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['destroyed', 'primary']);
      expect(await openAll(two)).toBe(1);
      expect(owner).toBeDefined();
    });

    it('does not retire before all have sealed under the new one for as long as is asked', async () => {
      const [one, two] = await retiring({ settleSeconds: 3600 });
      for (let n = 0; n < 6; n++) await one.rotation.tick();
      expect((await one.rotation.status())[0]).toMatchObject({ state: 'retiring', remaining: 0, progress: 1 });
      await one.database.query(`update key_loads set since = since - interval '2 hours'`);
      await until('destroyed primary', one, two);
    });

    it('comes back when a record that was stored late needs it', async () => {
      const [one, two] = await retiring({ retiredSeconds: 3600 });
      const owner = randomUUID();
      const [old] = await one.rotation.status();
      const sealed = await sealedUnder(one, old!.keyId, owner);
      await until('retired primary', one, two);
      await one.database.query('insert into secrets (owner, sealed) values ($1, $2)', [owner, sealed]);
      await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
      await until('retired primary', one, two);
      expect(await openAll(two)).toBe(2);
      expect(said.map(({ step }) => step)).toEqual(['created', 'promoted', 'retired', 'put_back', 'retired']);
      expect(one.alarms).toEqual(['a retired key is needed after all; its records move once more']);
    });

    it('comes back with an alarm when somebody tries to open under it', async () => {
      const [one, two] = await retiring({ retiredSeconds: 3600 });
      const [old] = await one.rotation.status();
      const sealed = await sealedUnder(one, old!.keyId, 'spilled');
      await until('retired primary', one, two);
      const open = () => two.ring.openValue('client-secret', 'spilled', 'client_secret', sealed).toString();
      expect(open).toThrow(KeyRingBehindError);
      expect(two.alarms).toEqual(['a record needs a retired key; the key comes back']);
      expect(two.ring.counters.failures.get('retired_key')).toBe(1);
      await eventually(async () => {
        await two.ring.reload();
        expect(open()).toBe('cnry_spilled');
      });
      await until('retiring primary', one, two);
      expect(said.at(-1)!.step).toBe('put_back');
    });

    it('is kept for as long as is asked after it has retired', async () => {
      const [one, two] = await retiring({ retiredSeconds: 3600 });
      await until('retired primary', one, two);
      for (let n = 0; n < 3; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['retired', 'primary']);
      await one.database.query(`update installation_keys set state_changed_at = state_changed_at - interval '2 hours'`);
      await one.rotation.tick();
      expect(await states(one)).toEqual(['destroyed', 'primary']);
    });

    it('is not destroyed while the header of any record names it, whatever the columns say', async () => {
      const [one, two] = await retiring({ retiredSeconds: 3600 });
      const [old] = await one.rotation.status();
      const sealed = await sealedUnder(one, old!.keyId, 'hidden');
      await until('retired primary', one, two);
      await one.database.query(`
        alter table secrets drop column sealing_key_id;
        alter table secrets add column sealing_key_id uuid`);
      await one.database.query(`insert into secrets (owner, sealed) values ('hidden', $1)`, [sealed]);
      await one.database.query(`update installation_keys set state_changed_at = state_changed_at - interval '2 hours'`);
      for (let n = 0; n < 3; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['retired', 'primary']);
      expect(one.alarms).toEqual(['records name a key that their columns do not; it is kept']);
    });

    /** What a process holds that has sealed before the rotation and stores after it. */
    const sealedUnder = async ({ database }: Process, keyId: string, owner: string): Promise<Buffer> => {
      const late = await start();
      await database.query(`update installation_keys set state = 'pre_active' where state = 'primary'`);
      await database.query(`update installation_keys set state = 'primary' where id = $1`, [keyId]);
      await late.ring.reload();
      const sealed = late.ring.sealValue('client-secret', owner, 'client_secret', `cnry_${owner}`);
      await database.query(`update installation_keys set state = 'retiring' where id = $1`, [keyId]);
      await database.query(`update installation_keys set state = 'primary' where state = 'pre_active'`);
      await late.ring.close();
      expect(recordKeyId(sealed)).toBe(keyId);
      return sealed;
    };
  });

  describe('moving the records', () => {
    it('goes in batches of 200 from a stored place, and another process goes on from there', async () => {
      const [one, two] = [await start(), await start()];
      for (let n = 0; n < 450; n++) await addKey(one);
      await one.rotation.rekey();
      await until('retiring primary', one, two);
      await one.database.query('update installation_keys set next_batch_at = null');
      const left = async () => (await two.rotation.status())[0]!.remaining;
      const before = await left();
      await one.rotation.tick();
      expect(before - (await left())).toBe(200);
      await one.ring.close();
      const seen: { after_id: string }[] = await two.database.query('select after_id from rewrap_cursors');
      expect(seen).toHaveLength(1);
      await until('destroyed primary', two);
      expect(await openAll(two)).toBe(450);
      expect(await two.database.query('select * from rewrap_cursors')).toEqual([]);
    });

    it('keeps to the wanted pace, whoever moves', async () => {
      const [one, two] = [await start({ rowsPerSecond: 1 }), await start({ rowsPerSecond: 1 })];
      for (let n = 0; n < 5; n++) await addSecret(one);
      await one.rotation.rekey();
      await until('retiring primary', one, two);
      for (let n = 0; n < 4; n++) await Promise.all([one.rotation.tick(), two.rotation.tick()]);
      expect((await one.rotation.status())[0]!.remaining).toBeGreaterThanOrEqual(3);
    });

    it('leaves a row that somebody has locked, and comes back for it', async () => {
      const one = await start();
      const [owner] = [await addSecret(one), await addSecret(one)];
      const holder = one.database.createQueryRunner();
      await holder.startTransaction();
      await holder.query('select from secrets where owner = $1 for update', [owner]);
      await one.rotation.rekey();
      await until('retiring primary', one);
      for (let n = 0; n < 4; n++) await one.rotation.tick();
      expect((await one.rotation.status())[0]).toMatchObject({ state: 'retiring', remaining: 1 });
      await holder.rollbackTransaction();
      await holder.release();
      await one.database.query('update installation_keys set next_batch_at = null');
      await until('destroyed primary', one);
      expect(await openAll(one)).toBe(2);
    });

    it('is not held up by a record that does not open, keeps the old key for it, and says so', async () => {
      const one = await start({ rowsPerSecond: 1 });
      const owner = await addSecret(one);
      await addSecret(one);
      // Sealed for another owner now, and the first in order.
      await one.database.query(`update secrets set owner = '' where owner = $1`, [owner]);
      await one.rotation.rekey();
      for (let n = 0; n < 10; n++) {
        await one.rotation.tick();
        await one.database.query('update installation_keys set next_batch_at = null');
      }
      expect((await one.rotation.status())[0]).toMatchObject({ state: 'retiring', remaining: 1, progress: 0.5 });
      expect(one.alarms).toContain('a record does not open and cannot move');
    });

    it('is done by one process at a time', async () => {
      const one = await start();
      await addSecret(one);
      await one.rotation.rekey();
      const other = one.database.createQueryRunner();
      await other.startTransaction();
      await other.query(
        `select pg_advisory_xact_lock(hashtextextended('strongroom key rotation ' || current_schema(), 0))`,
      );
      await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await other.rollbackTransaction();
      await other.release();
      await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
    });
  });

  it('goes on after a process that ended inside any step', async () => {
    const [one, two] = [await start(), await start()];
    for (let n = 0; n < 10; n++) await addKey(one);
    for (const step of ['created', 'promoted', 'retired', 'destroyed']) {
      const ends = (_tx: unknown, change: KeyringChange) =>
        change.step === step ? Promise.reject(new Error('ended')) : Promise.resolve();
      const dying = new KeyRotation({ ...settings(one), say: ends });
      await dying.rekey().catch(() => undefined);
      for (let n = 0; n < 8; n++) {
        await dying.tick().catch((error: Error) => expect(error.message).toBe('ended'));
        await two.ring.reload();
      }
      if (step === 'created') expect(await states(two)).toEqual(['primary']);
      if (step === 'created') await two.rotation.rekey();
      const done = (await states(two)).map((_state, index, all) =>
        index === all.length - 1 ? 'primary' : 'destroyed',
      );
      await until(done.join(' '), two, one);
      expect(await openAll(one)).toBe(10);
      expect(await openAll(two)).toBe(10);
    }
    expect(await states(one)).toHaveLength(5);
  });
  const settings = ({ ring }: Process): KeyRotationOptions => ({
    ring,
    targets,
    say: () => Promise.resolve(),
    rowsPerSecond: 1_000_000,
    retiredSeconds: 0,
    settleSeconds: 0,
  });

  it('goes on after an end in the middle of a batch, and nothing of the batch is half done', async () => {
    const one = await start();
    for (let n = 0; n < 10; n++) await addSecret(one);
    let asked = 0;
    const secrets = targets.at(-1)!;
    const ends: RewrapTarget = {
      ...secrets,
      aad: (row, installationId) => {
        if (++asked === 7) throw new Error('ended');
        return secrets.aad(row, installationId);
      },
    };
    await one.rotation.rekey();
    await until('retiring primary', one);
    await new KeyRotation({ ...settings(one), targets: [ends] }).tick().catch(() => undefined);
    expect(asked).toBe(7);
    expect((await one.rotation.status())[0]).toMatchObject({ remaining: 10 });
    await until('destroyed primary', one);
    expect(await openAll(one)).toBe(10);
  });

  describe('a change of the master key', () => {
    it('wraps the keys again once every process has the new one first, and the old one may go', async () => {
      const fresh = ConfiguredMasterKeys.generate('second');
      const old = [await start(), await start()];
      await addSecret(old[0]!);
      const [before] = await old[0]!.database.query<{ sealed: Buffer }[]>('select sealed from secrets');
      await old[0]!.ring.close();
      const one = await start({ masterKeys: `${fresh},${masterKey}` });
      for (let n = 0; n < 3; n++) await one.rotation.tick();
      expect(await masterKeysInUse(one.database)).toEqual(['first']);
      await old[1]!.ring.close();
      const two = await start({ masterKeys: `${fresh},${masterKey}` });
      await one.rotation.tick();
      expect(await masterKeysInUse(one.database)).toEqual(['second']);
      expect((await two.rotation.status()).map(({ masterKeyId }) => masterKeyId)).toEqual(['second']);
      expect(said.map(({ step }) => step)).toEqual(['master_key_changed']);

      const [after] = await one.database.query<{ sealed: Buffer }[]>('select sealed from secrets');
      expect(after!.sealed.equals(before!.sealed)).toBe(true);
      expect(await openAll(await start({ masterKeys: fresh }))).toBe(1);
      await expect(start()).rejects.toThrow(NoKeyForSealedRowsError);
    });

    it('wraps a retired key again too: it may still be needed', async () => {
      const fresh = ConfiguredMasterKeys.generate('second');
      const old = await start({ retiredSeconds: 3600 });
      await old.rotation.rekey();
      await until('retired primary', old);
      await old.ring.close();
      const one = await start({ masterKeys: `${fresh},${masterKey}` });
      await one.rotation.tick();
      expect((await one.rotation.status()).map(({ masterKeyId }) => masterKeyId)).toEqual(['second', 'second']);
    });

    it('names the master key of rows that were written before there was a place for it', async () => {
      const one = await start();
      await one.database.query('update installation_keys set master_key_id = null');
      expect(await masterKeysInUse(one.database)).toEqual([null]);
      await one.rotation.tick();
      expect(await masterKeysInUse(one.database)).toEqual(['first']);
      expect(said).toEqual([]);
    });
  });

  it('runs by itself once started, and not after it was stopped', async () => {
    const one = await start();
    await addSecret(one);
    one.rotation.start();
    await one.rotation.rekey();
    await eventually(async () => expect(await states(one)).toEqual(['destroyed', 'primary']));
    await one.rotation.stop();
    await one.rotation.rekey();
    expect(await states(one)).toEqual(['destroyed', 'primary', 'pre_active']);
  });
});

async function eventually(assertion: () => Promise<void>): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      return await assertion();
    } catch (error) {
      if (n === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Mulberry32: the same order for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

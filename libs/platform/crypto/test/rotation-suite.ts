import { contextDatabase, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { ConfiguredMasterKeys } from '../src/configured-master-keys.js';
import type { KeyLog } from '../src/key-log.js';
import { KeyRing } from '../src/key-ring.js';
import { intakeKeyMigrations, keyRingMigrations } from '../src/migrations/index.js';
import { type KeyIdColumn, keyIdColumnSql } from '../src/rotation/key-id-column.js';
import { KeyRotation } from '../src/rotation/key-rotation.js';
import type { KeyringChange, KeyRotationOptions, RewrapTarget } from '../src/rotation/rotation.types.js';
import { intakeKeysTarget, sealedValuesTarget, tokensetKeysTarget } from '../src/rotation/targets.js';

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
export const targets: RewrapTarget[] = [
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
export interface Process {
  ring: KeyRing;
  rotation: KeyRotation;
  database: DataSource;
  alarms: string[];
}

/** A schema for each test, and processes on it; ended with it. */
export function rotationSuite() {
  const masterKey = ConfiguredMasterKeys.generate('first');
  const opened: DataSource[] = [];
  const rings: KeyRing[] = [];
  let postgres: TestService;
  let schema: string;
  let said: KeyringChange[];

  beforeAll(async () => {
    postgres = await testPostgres();
  });
  beforeEach(async () => {
    schema = `rotation_${randomUUID().replaceAll('-', '')}`;
    said = [];
    const migrations = [...keyRingMigrations, ...intakeKeyMigrations, TestTables1];
    await migrate({ url: postgres.url, schema, entities: [], migrations });
  });
  afterEach(async () => {
    await closeRings();
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
  /** As `start` gives them, to make a rotation of one's own. */
  const settings = ({ ring }: Process): KeyRotationOptions => ({
    ring,
    targets,
    say: () => Promise.resolve(),
    rowsPerSecond: 1_000_000,
    retiredSeconds: 0,
    settleSeconds: 0,
  });
  const closeRings = async (): Promise<void> => {
    await Promise.all(rings.splice(0).map((ring) => ring.close()));
  };

  return { masterKey, start, addKey, addSecret, openAll, states, until, settings, closeRings, said: () => said };
}

export async function eventually(assertion: () => Promise<void>): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      return await assertion();
    } catch (error) {
      if (n === 1_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

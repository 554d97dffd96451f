import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfiguredMasterKeys, IntakePrivateKeys, KeyRing, KeyRotation } from '@strongroom/crypto';
import { contextDatabase, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { Custody } from '../custody/custody.js';
import { tokensetsDatabase } from '../tokensets.database.js';
import { keyTargets } from './key-targets.js';

interface Stored {
  masterKeys: string;
  accessToken: string;
  migrations: string[];
  rows: Record<string, object[]>;
}

interface TokensetRow {
  id: string;
  personId: string;
  connectionId: string;
  providerSubject: string;
  tokenOrigin: string;
  credVersion: number;
  accessSealed: Buffer;
  refreshSealed: Buffer;
  keyId: string;
  keyWrapped: Buffer;
}

/** Rows as the standalone server of that commit wrote them, with an account that was connected through the simulator. */
const stored = JSON.parse(readFileSync(join(import.meta.dirname, '../../test/upgrade/9d01caa.json'), 'utf8')) as Stored;

describe('a database of the first version', () => {
  let postgres: TestService;
  let database: DataSource;
  let ring: KeyRing;

  beforeAll(async () => {
    postgres = await testPostgres();
    const today = tokensetsDatabase(postgres.url);
    const migrations = today.migrations.filter(({ name }) => stored.migrations.includes(name));
    expect(migrations).toHaveLength(stored.migrations.length);
    await migrate({ ...today, migrations });
    database = await new DataSource(contextDatabase({ ...today, entities: [], migrations: [] })).initialize();
    for (const [table, rows] of Object.entries(stored.rows))
      for (const row of rows) {
        const columns = Object.keys(row).join(', ');
        await database.query(
          `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_record(NULL::${table}, $1)`,
          [JSON.stringify(row)],
        );
      }
    await migrate(today);
    const masterKeys = ConfiguredMasterKeys.parse(stored.masterKeys);
    ring = await KeyRing.load({ database, masterKeys, context: 'tokensets' });
  });
  afterAll(async () => {
    await ring.close();
    await database.destroy();
    await postgres.stop();
  });

  const tokens = async (): Promise<{ access: string; refresh: string }> => {
    const [row] = await database.query<TokensetRow[]>(
      `SELECT id, person_id AS "personId", connection_id AS "connectionId", provider_subject AS "providerSubject",
         token_origin AS "tokenOrigin", cred_version AS "credVersion", access_sealed AS "accessSealed",
         refresh_sealed AS "refreshSealed", t.key_id AS "keyId", wrapped AS "keyWrapped"
       FROM tokensets t JOIN tokenset_keys USING (key_id)`,
    );
    ring.forget(row!.keyId);
    const custody = new Custody(ring);
    const place = { ...row!, tokensetId: row!.id };
    return {
      access: custody.open(place, row!, 'access', row!.accessSealed),
      refresh: custody.open(place, row!, 'refresh', row!.refreshSealed),
    };
  };
  const opens = async (): Promise<void> => {
    expect(await tokens()).toEqual({ access: stored.accessToken, refresh: expect.stringMatching(/^cnry_/) as string });
    const intake = await IntakePrivateKeys.load(ring, database);
    expect(intake.current()).toMatchObject({ keyId: (stored.rows['intake_keys']![0] as { id: string }).id });
  };

  it('opens after the migrations of today', opens);

  it('moves to a new key, and opens when the old one is destroyed', async () => {
    const rotation = new KeyRotation({
      ring,
      targets: keyTargets,
      say: () => Promise.resolve(),
      rowsPerSecond: 1_000_000,
      retiredSeconds: 0,
      settleSeconds: 0,
    });
    expect((await rotation.status()).map(({ state, remaining }) => [state, remaining])).toEqual([['primary', 2]]);
    await rotation.rekey();
    while ((await rotation.status())[0]!.state !== 'destroyed') await rotation.tick();
    await opens();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { ConfiguredMasterKeys, NoKeyForSealedRowsError } from '@strongroom/crypto';
import {
  DatabaseRestoredError,
  type EmbeddedPostgres,
  migrate,
  refuseRestoredDatabase,
  settleDatabaseHome,
  startEmbeddedPostgres,
} from '@strongroom/persistence';
import { freePort, recordFigure } from '@strongroom/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Bench } from '../../test/bench.js';
import { TableDump } from '../../test/table-dump.js';
import { Custody, type Place } from '../custody/custody.js';
import { tokensetsDatabase } from '../tokensets.database.js';
import { exportShredded } from './export-shredded.js';
import { finishRestore } from './finish-restore.js';
import type { ShreddedKey } from './shredded-key.js';

const TOKENSETS = 40;
const DELETED = 15;
const SCHEMA = 'tokensets';

interface Account {
  personId: string;
  connectionId: string;
  tokensetId: string;
  accountId: string;
}

/** What a thief, or the operator, finds of one tokenset. */
interface StoredRow extends Place {
  keyId: string;
  keyWrapped: Buffer | null;
  access: Buffer;
  refresh: Buffer;
}

/** Figure 10 of `spec/threats.md`: a database that is restored on another server from a dump that is too old. */
describe('a restore', () => {
  let bench: Bench;
  let other: EmbeddedPostgres;
  let home: string;
  let accounts: Account[];
  let dump: TableDump;
  let shredded: ShreddedKey[];
  const masterKeys = ConfiguredMasterKeys.generate('drill');
  const keys = () => ConfiguredMasterKeys.parse(masterKeys);

  beforeAll(async () => {
    bench = await Bench.start({ masterKeys: keys() });
    home = mkdtempSync('/var/tmp/strongroom-restore-');
    other = await startEmbeddedPostgres({ dataDir: home, port: await freePort(), durable: false });
    await migrate(tokensetsDatabase(other.url));
    accounts = [];
    for (let i = 0; i < TOKENSETS; i++) accounts.push(await bench.connected());
    const here = (bench.app.get(DataSource).options as { url: string }).url;
    dump = await TableDump.of(here, SCHEMA);
    for (const account of accounts.slice(0, DELETED))
      await bench.vault.delete({ ...account, reason: 'requested', actor: { kind: 'user' } });
    shredded = await exportShredded(bench.app.get(DataSource));
  });
  afterAll(async () => {
    await bench?.stop();
    await other?.stop();
    if (home) rmSync(home, { recursive: true });
  });

  const restore = async (list: readonly ShreddedKey[]): Promise<void> => {
    await bench.app.close();
    await dump.restoreTo(other.url, SCHEMA);
    await expect(refuseRestoredDatabase(other.url, SCHEMA)).rejects.toThrow(DatabaseRestoredError);
    const { options } = bench.app.get(DataSource);
    const database = await new DataSource({
      ...options,
      url: other.url,
      migrations: [],
    } as typeof options).initialize();
    await finishRestore(database, list);
    await database.destroy();
    await settleDatabaseHome(other.url, SCHEMA);
    await refuseRestoredDatabase(other.url, SCHEMA);
    await bench.boot({ databaseUrl: other.url, masterKeys: keys() });
  };
  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: other.url, options: `-c search_path=${SCHEMA}` });
    await client.connect();
    return (await client.query<Row>(text, values).finally(() => client.end())).rows;
  };
  const stored = async ({ tokensetId }: Account): Promise<StoredRow | undefined> => {
    const [row] = await sql<StoredRow>(
      `SELECT t.id AS "tokensetId", person_id AS "personId", connection_id AS "connectionId",
         provider_subject AS "providerSubject", token_origin AS "tokenOrigin", cred_version AS "credVersion",
         t.key_id AS "keyId", k.wrapped AS "keyWrapped", access_sealed AS access, refresh_sealed AS refresh
       FROM tokensets t LEFT JOIN tokenset_keys k ON k.key_id = t.key_id WHERE t.id = $1`,
      [tokensetId],
    );
    return row;
  };
  /** Both tokens come out of the restored database. */
  const opens = async (account: Account): Promise<boolean> => {
    const token = await bench.token(account).catch(() => null);
    const row = await stored(account);
    if (!token || !row) return false;
    const custody = bench.app.get(Custody);
    return (['access', 'refresh'] as const).every((field) =>
      custody.open(row, row, field, row[field]).startsWith('cnry_'),
    );
  };
  const opened = async (some: readonly Account[]): Promise<number> => {
    let count = 0;
    for (const account of some) if (await opens(account)) count += 1;
    return count;
  };
  const deleted = () => accounts.slice(0, DELETED);
  const rest = () => accounts.slice(DELETED);

  it('brings nothing back that was deleted later, and everything else, if it is given the list', async () => {
    await restore([]);
    const without = await opened(deleted());
    expect(without).toBe(DELETED); // the control: a dump does hold keys, and this drill would see it
    await restore(shredded);
    const [back, others] = [await opened(deleted()), await opened(rest())];
    const keysLeft = await sql('SELECT FROM tokenset_keys WHERE tokenset_id = ANY($1)', [
      deleted().map(({ tokensetId }) => tokensetId),
    ]);
    recordFigure({
      id: 'crypto-shred',
      title: 'Deleted tokens in a database restored from an older dump',
      required: '0 of the deleted open, 100 % of the rest',
      measured: `${back} of ${DELETED} deleted open, ${others} of ${TOKENSETS - DELETED} others`,
      holds: back === 0 && others === TOKENSETS - DELETED,
      control: `without the list of erased keys ${without} of ${DELETED} open`,
    });
    expect([back, others, keysLeft]).toEqual([0, TOKENSETS - DELETED, []]);
  });

  it('gives no token to who has the dump and no master key', async () => {
    expect(dump.text).not.toMatch(/cnry_/);
    for (const text of ['cnry_at_', 'cnry_rt_'])
      for (const form of [Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64').slice(0, -2)])
        expect(dump.text).not.toContain(form);
    await bench.app.close();
    await dump.restoreTo(other.url, SCHEMA);
    const strange = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('drill'));
    await expect(bench.boot({ databaseUrl: other.url, masterKeys: strange })).rejects.toThrow(NoKeyForSealedRowsError);
    recordFigure({
      id: 'crypto-shred-keyless',
      title: 'Tokens that a dump yields without the master keys',
      required: '0',
      measured: '0: the process refuses to start, and no token stands in the dump in any form',
      holds: true,
      control: 'with the master keys all of them open',
    });
    await bench.boot({ databaseUrl: other.url, masterKeys: keys() });
  });
});

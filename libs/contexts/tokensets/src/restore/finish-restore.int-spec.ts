import { randomUUID } from 'node:crypto';
import type { VaultError } from '@strongroom/errors';
import { DataSource } from 'typeorm';
import { Bench } from '../../test/bench.js';
import { exportShredded } from './export-shredded.js';
import { finishRestore } from './finish-restore.js';

const TABLES = ['tokensets', 'tokenset_keys', 'refresh_attempts', 'nodes'];

describe('finishing a restore', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.stop());

  const database = () => bench.app.get(DataSource);
  /** As a backup of these tables holds them, put back by what is returned. */
  const backup = async (): Promise<() => Promise<void>> => {
    for (const table of TABLES) await bench.sql.query(`CREATE TABLE backup_${table} AS SELECT * FROM ${table}`);
    return async () => {
      for (const table of TABLES) {
        const { rows } = await bench.sql.query<{ list: string }>(
          `SELECT string_agg(quote_ident(column_name), ', ') AS list FROM information_schema.columns
           WHERE table_schema = 'tokensets' AND table_name = $1 AND is_generated = 'NEVER'`,
          [table],
        );
        const { list } = rows[0]!;
        await bench.sql.query(`DELETE FROM ${table}`);
        await bench.sql.query(`INSERT INTO ${table} (${list}) SELECT ${list} FROM backup_${table}`);
      }
    };
  };
  /** A backup is older than the list of what was shredded, which the database that is lost had. */
  const forgetShredded = () =>
    bench.sql.query(
      `ALTER TABLE shredded_keys DISABLE TRIGGER USER; DELETE FROM shredded_keys; ALTER TABLE shredded_keys ENABLE TRIGGER USER`,
    );
  const restart = async (): Promise<void> => {
    await bench.app.close();
    await bench.boot();
  };
  const answer = (account: { personId: string; connectionId: string }) =>
    bench.token(account).then(
      (token) => token?.accessToken,
      (error: unknown) => (error as VaultError).details,
    );
  const actor = { kind: 'user' } as const;

  it('deletes again what was deleted since the backup, and what was connected anew has to be connected once more', async () => {
    const [kept, deleted, replaced] = [await bench.connected(), await bench.connected(), await bench.connected()];
    const putBack = await backup();
    await bench.vault.delete({ ...deleted, reason: 'requested', actor });
    bench.provider.subject = (await bench.row(replaced))!.provider_subject;
    await bench.vault.redeem(
      await bench.redeemRequest(replaced.personId, replaced.connectionId, { pinnedAccountId: replaced.accountId }),
    );
    const shredded = await exportShredded(database());
    expect(shredded.map(({ tokensetId, isDeleted }) => [tokensetId, isDeleted])).toEqual([
      [deleted.tokensetId, true],
      [replaced.tokensetId, false],
    ]);
    await putBack();
    await forgetShredded();

    expect(await finishRestore(database(), shredded)).toMatchObject({ deleted: 1, replaced: 1, restored: 1 });
    await restart();
    expect(await bench.row(deleted)).toBeUndefined();
    expect((await bench.events(deleted)).at(-1)).toMatchObject({ type: 'strongroom.tokenset.deleted.v1' });
    expect(await answer(deleted)).toMatchObject({ reason: 'tokenset_not_found' });
    expect(await bench.row(replaced)).toMatchObject({ access_sealed: null, refresh_sealed: null });
    expect(await answer(replaced)).toMatchObject({ reason: 'reconnect_required', cause: 'lost_rotation' });
    expect(await answer(kept)).toMatch(/^cnry_/);
    expect(await exportShredded(database())).toEqual(shredded);
    // Once more changes nothing.
    expect(await finishRestore(database(), shredded)).toMatchObject({ deleted: 0, replaced: 0, restored: 1 });
  });

  it('closes open attempts, raises fences, and lets a restored token live until its end', async () => {
    const account = await bench.connected();
    await bench.sql.query(
      `INSERT INTO refresh_attempts (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id)
       VALUES ($1, $2, 1, 1, 'sent', 'on_demand', 'strict', $1, $1)`,
      [randomUUID(), account.tokensetId],
    );
    expect(await finishRestore(database(), [])).toEqual({ deleted: 0, replaced: 0, unknown: 1, restored: 1 });
    const { rows } = await bench.sql.query('SELECT fence, restored_at FROM tokensets');
    expect(rows).toEqual([{ fence: String(2 ** 32), restored_at: expect.any(Date) as Date }]);
    expect(await bench.attempts(account)).toMatchObject([{ state: 'unknown' }]);
    await restart();
    await bench.sweep();
    expect(await answer(account)).toMatch(/^cnry_/);
    expect(bench.provider.refreshes).toHaveLength(0);
  });

  it('calls the refusal of a restored refresh token lost, and one that is taken ends the doubt', async () => {
    const [old, current] = [await bench.connected(), await bench.connected()];
    const putBack = await backup();
    await bench.expire(old);
    await bench.token(old);
    await putBack();
    await finishRestore(database(), []);
    await restart();
    for (const account of [old, current]) {
      await bench.expire(account);
      await bench.sql.query('UPDATE tokensets SET next_attempt_at = access_expires_at WHERE id = $1', [
        account.tokensetId,
      ]);
    }
    expect(await answer(current)).toMatch(/^cnry_/);
    expect((await bench.sql.query(`SELECT FROM tokensets WHERE restored_at IS NULL`)).rowCount).toBe(1);
    expect(await answer(old)).toMatchObject({ reason: 'reconnect_required', cause: 'lost_rotation' });
    expect(await bench.row(old)).toMatchObject({ status: 'reconnect_required', reason: 'lost_rotation' });
  });
});

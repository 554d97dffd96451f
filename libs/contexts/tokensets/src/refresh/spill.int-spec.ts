import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench, refusal } from '../../test/bench.js';
import { ended, killedAtP3b } from '../../test/killed.js';
import { Provider } from '../../test/provider.js';
import { ProcessWorld } from './refresh-world.js';

describe('a refresh token that was answered and perhaps not stored', () => {
  let bench: Bench;
  let spillDir: string;

  beforeAll(async () => {
    spillDir = join(await mkdtemp(join(tmpdir(), 'strongroom-spill-')), 'spill');
    bench = await Bench.start({ spillDir, refreshWaitMs: 20_000, refreshTimeoutMs: 15_000 });
  });
  afterAll(async () => {
    await bench.stop();
    await rm(join(spillDir, '..'), { recursive: true });
  });
  beforeEach(() => {
    bench.provider.rotates = true;
    bench.provider.before = () => undefined;
    bench.provider.after = () => undefined;
    bench.provider.calls.length = 0;
  });

  const files = async () => (await readdir(spillDir)).filter((name) => name.endsWith('.json'));
  const expired = async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.calls.length = 0;
    return account;
  };
  const killed = async () => {
    const account = await expired();
    await killedAtP3b(bench, account);
    return account;
  };
  const restarted = async () => {
    await ended(bench, spillDir);
    await bench.boot();
  };

  it('P3b is stored by the next start, and nothing is sent', async () => {
    const account = await killed();
    expect(await bench.row(account)).toMatchObject({ cred_version: 1 });
    await restarted();
    expect(await bench.row(account)).toMatchObject({ cred_version: 2, status: 'active', lease_until: null });
    expect(await bench.attempts(account)).toMatchObject([{ state: 'committed' }]);
    expect(await files()).toEqual([]);
    const token = await bench.token(account);
    expect(Provider.serialOf(token!.accessToken)).toBe(bench.provider.newest);
    expect(bench.provider.refreshes).toEqual([]);
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('CN-30 what came for a code and could not be stored is stored by the next start, and the code is not sent again', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    bench.provider.before = async () => void (await bench.sql.query('ALTER TABLE pending_redeems RENAME TO away'));
    const redeemed = refusal(bench.vault.redeem(request));
    while ((await files()).length === 0) await sleep(10);
    const [name] = await files();
    expect(await readFile(join(spillDir, name!), 'latin1')).not.toContain('cnry_');
    bench.app.get(ProcessWorld).giveUp();
    await redeemed;
    await ended(bench, spillDir);
    await bench.sql.query('ALTER TABLE away RENAME TO pending_redeems');
    await bench.boot();
    expect(await files()).toEqual([]);
    expect(await refusal(bench.vault.redeemed(request.sessionId))).toMatchObject({ status: 503 });
    const outcome = async () => bench.vault.redeemed(request.sessionId).catch(() => null);
    while (!(await outcome())) await sleep(10);
    expect(await bench.vault.redeem(request)).toEqual(await outcome());
    expect((await bench.token(request))?.accessToken).toMatch(/^cnry_at_/);
    expect(bench.provider.calls).toHaveLength(1);
  });

  it('P3b SE-05 of a narrowed refresh is stored too, and the access token that was there stays with its times', async () => {
    const account = await bench.connected();
    const whole = await bench.token(account);
    const { access_sealed: before } = (await bench.row(account))!;
    await killedAtP3b(bench, { ...account, narrowTo: ['read'] });
    await restarted();
    const row = await bench.row(account);
    expect(row).toMatchObject({ cred_version: 2, status: 'active', scopes_granted: ['read', 'write'] });
    expect(row!.access_sealed).not.toEqual(before);
    expect(await bench.token(account)).toMatchObject({
      accessToken: whole!.accessToken,
      expiresAt: whole!.expiresAt,
      refreshed: false,
    });
    await bench.expire(account);
    expect(await bench.token(account)).toMatchObject({ refreshed: true });
    expect(Provider.serialOf(bench.provider.refreshes.at(-1)!.refreshToken!)).toBe(bench.provider.newest - 1);
  });

  it('P3b is stored before the others are told that the node is back', async () => {
    const account = await killed();
    const bootOf = `SELECT boot_id AS boot FROM refresh_attempts WHERE tokenset_id = $1`;
    const { rows } = await bench.sql.query<{ boot: string }>(bootOf, [account.tokensetId]);
    await bench.sql.query(`
      CREATE TABLE seen_at_commit (boot uuid);
      CREATE FUNCTION note_boot() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO tokensets.seen_at_commit SELECT boot_id FROM tokensets.nodes; RETURN NEW; END $$;
      CREATE TRIGGER note_boot AFTER UPDATE OF cred_version ON tokensets FOR EACH ROW EXECUTE FUNCTION note_boot();
      GRANT ALL ON seen_at_commit TO PUBLIC`);
    await restarted();
    const seen = await bench.sql.query<{ boot: string }>('SELECT boot FROM seen_at_commit');
    await bench.sql.query('DROP TRIGGER note_boot ON tokensets; DROP FUNCTION note_boot; DROP TABLE seen_at_commit');
    expect(seen.rows).toEqual(rows);
    expect((await bench.sql.query('SELECT FROM nodes WHERE boot_id = $1', [rows[0]!.boot])).rowCount).toBe(0);
  });

  it('brings a lost rotation back, and a refresh shows at once whether its grant lives', async () => {
    const account = await killed();
    await bench.sql.query(
      `UPDATE tokensets SET status = 'reconnect_required', reason = 'lost_rotation', refresh_sealed = NULL WHERE id = $1`,
      [account.tokensetId],
    );
    await bench.sql.query(`UPDATE refresh_attempts SET state = 'unknown' WHERE tokenset_id = $1`, [account.tokensetId]);
    await restarted();
    expect(await bench.row(account)).toMatchObject({ status: 'active', reason: null, cred_version: 2 });
    const recovered = (await bench.events(account)).at(-1);
    expect(recovered).toMatchObject({ type: 'strongroom.tokenset.recovered.v1', data: { cause: 'retried' } });
    await bench.sweep();
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 3 });
  });

  it('waits where a person has to act for another reason', async () => {
    const account = await killed();
    await bench.sql.query(
      `UPDATE tokensets SET status = 'reconnect_required', reason = 'endpoint_changed' WHERE id = $1`,
      [account.tokensetId],
    );
    await restarted();
    expect(await files()).toHaveLength(1);
    expect(await bench.row(account)).toMatchObject({ reason: 'endpoint_changed', cred_version: 1 });
    const request = await bench.redeemRequest(account.personId, account.connectionId);
    await bench.vault.redeem(request);
    await restarted();
    expect(await files()).toEqual([]);
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 2 });
  });

  it('is put aside where its tokenset was restored from before it: a later version of that name is another one', async () => {
    const account = await killed();
    const [name] = await files();
    await bench.sql.query('UPDATE tokensets SET cred_version = 0 WHERE id = $1', [account.tokensetId]);
    await bench.sql.query('DELETE FROM refresh_attempts WHERE tokenset_id = $1', [account.tokensetId]);
    await restarted();
    expect(await files()).toEqual([]);
    expect(await readdir(join(spillDir, 'unreadable'))).toContain(name);
    await rm(join(spillDir, 'unreadable'), { recursive: true });
    expect(await bench.row(account)).toMatchObject({ cred_version: 0 });
  });

  it.each(['deleted', 'reconnected'])('I2 is dropped where its tokenset was %s meanwhile', async (what) => {
    const account = await killed();
    const actor = { kind: 'user' } as const;
    if (what === 'deleted') await bench.vault.delete({ ...account, reason: 'disconnected', actor });
    else await bench.vault.redeem(await bench.redeemRequest(account.personId, account.connectionId));
    const before = await bench.row(account);
    await restarted();
    expect(await files()).toEqual([]);
    expect(await bench.row(account)).toEqual(before);
  });

  it('is stored by a sweep if the start left it, and twice is once', async () => {
    const account = await killed();
    const [name] = await files();
    const content = await readFile(join(spillDir, name!));
    await bench.sweep();
    await writeFile(join(spillDir, name!), content);
    await bench.sweep();
    expect(await files()).toEqual([]);
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect((await bench.events(account)).filter(({ type }) => type.includes('refreshed'))).toHaveLength(1);
  });

  it('lies on disk for nobody else, and nothing of it in clear', async () => {
    await killed();
    const [name] = await files();
    const path = join(spillDir, name!);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(spillDir)).mode & 0o777).toBe(0o700);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain('cnry_');
    const sealed = (JSON.parse(text) as { credential: { refreshSealed: string } }).credential.refreshSealed;
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('cnry_');
    await bench.sweep();
  });

  it('is put aside where it does not open, and kept', async () => {
    const account = await killed();
    const [name] = await files();
    const path = join(spillDir, name!);
    const file = JSON.parse(await readFile(path, 'utf8')) as {
      installation: string;
      credential: { refreshSealed: string };
    };
    const record = Buffer.from(file.credential.refreshSealed, 'base64url');
    record[record.length - 1]! ^= 1;
    file.credential.refreshSealed = record.toString('base64url');
    await writeFile(path, JSON.stringify(file));
    await writeFile(join(spillDir, 'torn.json'), '{"installation":');
    const { installation } = file;
    const id = randomUUID();
    const redeem = { id, sessionId: 'cs_A', connectionId: 'con_A', tokenOrigin: bench.provider.url };
    const sealed = file.credential.refreshSealed;
    await writeFile(join(spillDir, `${id}.json`), JSON.stringify({ installation, redeem: { ...redeem, sealed } }));
    await restarted();
    const aside = [name, 'torn.json', `${id}.json`];
    expect((await readdir(join(spillDir, 'unreadable'))).sort()).toEqual(aside.sort());
    expect(await bench.row(account)).toMatchObject({ cred_version: 1, status: 'active' });
    await rm(join(spillDir, 'unreadable'), { recursive: true });
  });

  it('of another installation stays where it lies', async () => {
    await killed();
    const [name] = await files();
    const path = join(spillDir, name!);
    const file = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...file, installation: 'another' }));
    await restarted();
    expect(await files()).toEqual([name]);
    await rm(path);
  });

  it('is stored although the disk takes nothing', async () => {
    const account = await expired();
    await rename(spillDir, `${spillDir}.away`);
    const token = await bench.token(account);
    await rename(`${spillDir}.away`, spillDir);
    expect(token?.refreshed).toBe(true);
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
  });

  it('keeps no other recovery waiting while its disk is away', async () => {
    const account = await expired();
    bench.provider.before = () => 'reset';
    await bench.token(account).catch(() => undefined);
    bench.provider.before = () => undefined;
    await bench.cooled(account);
    await rename(spillDir, `${spillDir}.away`);
    await bench.sweep();
    await rename(`${spillDir}.away`, spillDir);
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect((await bench.events(account)).at(-1)).toMatchObject({ data: { cause: 'recovery' } });
  });

  it.each([
    ['that is new is on disk before it is stored, and not after', true, 1],
    ['that stayed the same is never on disk', false, 0],
  ])('%s', async (_name, rotates, written) => {
    const account = await expired();
    bench.provider.rotates = rotates;
    const blocker = await bench.sql.connect();
    await blocker.query('BEGIN');
    bench.provider.after = async () => {
      await blocker.query('SELECT FROM tokensets WHERE id = $1 FOR UPDATE', [account.tokensetId]);
      return undefined;
    };
    const token = bench.token(account);
    const blocked = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    while ((await bench.sql.query(blocked)).rowCount === 0) await sleep(10);
    expect(await files()).toHaveLength(written);
    await blocker.query('COMMIT');
    blocker.release();
    expect((await token)?.refreshed).toBe(true);
    expect(await files()).toEqual([]);
  });

  it('leaves with the process that ends in order: its place is free at once', async () => {
    const nodes = () => bench.sql.query('SELECT FROM nodes').then(({ rowCount }) => rowCount);
    const account = await killed();
    await bench.app.close();
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect(await nodes()).toBe(0);
    await bench.boot();
    expect(await nodes()).toBe(1);
  });

  it('CN-30 and keeps its place while a code of its is under way: the others wait for what comes', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    let goOn = (): void => undefined;
    const told = new Promise<void>((settle) => (goOn = settle));
    bench.provider.before = async () => void (await told);
    const redeemed = bench.vault.redeem(request);
    while ((await bench.sql.query('SELECT FROM redeems JOIN nodes USING (node, boot_id)')).rowCount === 0)
      await sleep(10);
    expect(await refusal(bench.vault.redeemed(request.sessionId))).toMatchObject({ status: 503 });
    const over = bench.app.close();
    const claims = `SELECT FROM pg_stat_activity WHERE application_name = 'strongroom-node' AND datname = current_database()`;
    while ((await bench.sql.query(claims)).rowCount !== 0) await sleep(10);
    const kept = await bench.sql.query('SELECT FROM redeems JOIN nodes USING (node, boot_id)');
    goOn();
    expect(await redeemed).toMatchObject({ hasRefreshToken: true });
    await over;
    expect(await files()).toEqual([]);
    await bench.boot();
    expect(kept.rowCount).toBe(1);
  });
});

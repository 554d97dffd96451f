import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyRing } from '@strongroom/crypto';
import { VaultError } from '@strongroom/errors';
import { LOGGER } from '@strongroom/observability';
import { Bench } from '../../test/bench.js';
import { KeyService } from '../../test/key-service.js';
import { tokensetsChecks } from '../tokensets-checks.js';

interface Account {
  personId: string;
  connectionId: string;
  tokensetId: string;
}

describe('what fails around keys', () => {
  let bench: Bench;
  let service: KeyService;
  let alarms: { fields: Record<string, unknown>; message: string }[];

  beforeEach(async () => {
    service = new KeyService();
    bench = await Bench.start({ masterKeys: service, masterKeyCacheSeconds: 1 });
    listen();
  });
  afterEach(() => bench.stop());

  const listen = () => {
    alarms = [];
    const logger = bench.app.get<{ error: unknown }>(LOGGER);
    logger.error = (fields: Record<string, unknown>, message: string) => void alarms.push({ fields, message });
  };
  const readiness = async (): Promise<string[]> => {
    const failing: string[] = [];
    for (const [name, check] of Object.entries(tokensetsChecks(bench.app)))
      await check().catch(() => void failing.push(name));
    return failing;
  };
  const answer = async (account: Account): Promise<unknown> =>
    bench.token(account).then(
      (token) => token?.accessToken,
      (error: unknown) => (error instanceof VaultError ? { ...error, message: error.message } : error),
    );
  const until = async (is: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await is())) await sleep(50);
  };
  const spoil = async ({ tokensetId }: Account, column = 'access_sealed'): Promise<void> => {
    await bench.sql.query(
      `UPDATE tokensets SET ${column} = set_byte(${column}, length(${column}) - 1, get_byte(${column}, length(${column}) - 1) # 1)
       WHERE id = $1`,
      [tokensetId],
    );
  };
  const WAITS_FOR_INTAKE_KEYS = `SELECT 1 FROM pg_locks WHERE relation = 'intake_keys'::regclass AND NOT granted`;
  const SEALED = {
    status: 503,
    code: 'temporarily_unavailable',
    retryAfter: 30,
    details: { reason: 'vault_sealed', retry_after: 30 },
    message: expect.stringMatching(/vault sealed$/) as string,
  };

  it('encryption §9 key service unreachable at start: the process is up and sealed, and opens by itself', async () => {
    const account = await bench.connected();
    await bench.app.close();
    service.state = 'away';
    await bench.boot();
    expect(await readiness()).toEqual(['sealed']);
    expect(await answer(account)).toMatchObject(SEALED);
    service.state = 'there';
    await until(async () => (await readiness()).length === 0);
    expect(await answer(account)).toMatch(/^cnry_/);
    expect(await bench.row(account)).toMatchObject({ status: 'active', failures: 0 });
  });

  it('encryption §9 key service unreachable at the very first start: the same, and the keys are made once it is there', async () => {
    await bench.app.close();
    await bench.sql.query('TRUNCATE installation_keys, installation, intake_keys, key_loads, rewrap_cursors');
    const spillDir = await mkdtemp(join(tmpdir(), 'strongroom-spill-'));
    service.state = 'away';
    await bench.boot({ masterKeys: service, spillDir });
    expect(await readiness()).toEqual(['sealed']);
    // The key pair of the intake comes a moment after the ring; here the moment is as long as a transaction is open.
    const tx = await bench.sql.connect();
    await tx.query('BEGIN; LOCK TABLE intake_keys IN ACCESS EXCLUSIVE MODE');
    try {
      service.state = 'there';
      await until(async () => (await tx.query(WAITS_FOR_INTAKE_KEYS)).rows.length > 0);
      expect(await readiness()).toEqual(['sealed']);
    } finally {
      await tx.query('COMMIT');
      tx.release();
    }
    await until(async () => (await readiness()).length === 0);
    expect(await answer(await bench.connected())).toMatch(/^cnry_/);
    await rm(spillDir, { recursive: true });
  });

  it('encryption §9 key service lost later: what is in memory serves for its time, then 503, and no status changes', async () => {
    const [account, secretive] = [await bench.connected(), await bench.connected()];
    service.state = 'away';
    await until(() => bench.app.get(KeyRing).isSealed);
    expect(await answer(account)).toMatchObject(SEALED);
    await bench.expire(secretive);
    expect(await answer(secretive)).toMatchObject(SEALED);
    expect(await bench.attempts(secretive)).toEqual([]);
    bench.directory.secrets.delete(account.connectionId); // so that the refresh token is the first that does not open
    await bench.expire(account);
    expect(await answer(account)).toMatchObject(SEALED);
    expect(await bench.row(account)).toMatchObject({ status: 'active', failures: 0, lease_until: null });
    // Nothing was sent, so nothing is in doubt.
    expect(await bench.attempts(account)).toMatchObject([{ state: 'not_processed' }]);
    expect(await readiness()).toEqual(['sealed']);
    service.state = 'there';
    await until(async () => (await readiness()).length === 0);
    expect(await answer(account)).toMatch(/^cnry_/);
  });

  it('encryption §9 key service lost in the middle of a refresh: what it brings back is stored all the same', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    let release = (): void => undefined;
    const held = new Promise<void>((done) => (release = done));
    bench.provider.after = () => held.then(() => undefined);
    const refreshed = answer(account);
    await until(() => bench.provider.refreshes.length > 0);
    service.state = 'away';
    await until(() => bench.app.get(KeyRing).isSealed);
    release();
    expect(await refreshed).toMatch(/^cnry_/);
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 2 });
  });

  it('encryption §9 key service denies: as unreachable, and an alarm', async () => {
    const account = await bench.connected();
    service.state = 'denies';
    await until(() => bench.app.get(KeyRing).isSealed);
    expect(await answer(account)).toMatchObject(SEALED);
    expect(alarms.map(({ message }) => message)).toContain('the key service refuses to unwrap our keys');
    expect(await bench.row(account)).toMatchObject({ status: 'active' });
  });

  it('encryption §9 one record does not open: that account alone is to be reconnected, its bytes stay, an alarm', async () => {
    const [spoilt, other] = [await bench.connected(), await bench.connected()];
    await spoil(spoilt);
    const before = await bench.row(spoilt);
    expect(await answer(spoilt)).toMatchObject({ status: 401, details: { reason: 'credential_unreadable' } });
    const { key_id: keyId, ...after } = (await bench.row(spoilt))!;
    expect(after).toMatchObject({
      status: 'reconnect_required',
      reason: 'unreadable',
      access_sealed: before!.access_sealed,
      refresh_sealed: before!.refresh_sealed,
    });
    expect(alarms).toEqual([
      {
        fields: { alarm: 'record_unreadable', record: 'access', row: spoilt.tokensetId, keyId },
        message: 'a stored record does not open',
      },
    ]);
    expect(await answer(other)).toMatch(/^cnry_/);
    expect(await readiness()).toEqual([]);
  });

  it('encryption §9 ten records do not open within a minute: nothing more is opened, and nobody has to reconnect', async () => {
    const accounts: Account[] = [];
    for (let i = 0; i < 13; i++) accounts.push(await bench.connected());
    const [good, ...spoilt] = accounts;
    for (const account of spoilt) await spoil(account);
    const answers: unknown[] = [];
    for (const account of spoilt) answers.push(await answer(account));
    expect(answers.map((one) => (one as VaultError).status)).toEqual([...Array<number>(9).fill(401), 503, 503, 503]);
    expect(answers.at(-1)).toMatchObject(SEALED);
    expect(await answer(good!)).toMatchObject(SEALED);
    const { rows } = await bench.sql.query(`SELECT count(*)::int AS n FROM tokensets WHERE status <> 'active'`);
    expect(rows).toEqual([{ n: 9 }]);
    expect(await readiness()).toEqual(['unreadable']);
    expect(alarms.at(-1)!.fields).toEqual({ alarm: 'opening_stopped' });
    await bench.app.close();
    await bench.boot();
    expect([await readiness(), await answer(good!)]).toEqual([[], expect.stringMatching(/^cnry_/)]);
  });

  it('encryption §9 a key id that is unknown: as a record that does not open, and the log names the id', async () => {
    const account = await bench.connected();
    const unknown = '00000000-1111-4222-8333-444444444444';
    await bench.sql.query(
      `UPDATE tokensets SET access_sealed = overlay(access_sealed placing decode($2, 'hex') from 5 for 16) WHERE id = $1`,
      [account.tokensetId, unknown.replaceAll('-', '')],
    );
    expect(await answer(account)).toMatchObject({ status: 401, details: { cause: 'unreadable' } });
    expect(alarms.at(-1)!.fields).toMatchObject({ alarm: 'record_unreadable', keyId: unknown });
  });
});

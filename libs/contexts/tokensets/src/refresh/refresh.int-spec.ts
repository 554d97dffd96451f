import { setTimeout as sleep } from 'node:timers/promises';
import { refusal } from '../../test/bench.js';
import { Provider } from '../../test/provider.js';
import { refreshSuite } from '../../test/refresh-suite.js';
import { TokensetsHealth } from '../tokensets-health.js';

describe('a refresh', () => {
  const bench = refreshSuite();

  it('EX-10 happens once: what came is served from the store afterwards', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    const first = await bench.token(account);
    const second = await bench.token(account);
    expect(first?.refreshed).toBe(true);
    expect(second).toMatchObject({ accessToken: first?.accessToken, refreshed: false });
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('EX-11 sends the refresh token that the last answer brought', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    await bench.token(account);
    await bench.expire(account);
    await bench.token(account);
    const [first, second] = bench.provider.refreshes;
    expect(second?.refreshToken).not.toBe(first?.refreshToken);
    expect(Provider.serialOf(second!.refreshToken!)).toBe(Provider.serialOf(first!.refreshToken!) + 1);
    expect((await bench.events(account)).map(({ type, sequence }) => `${type} ${sequence}`)).toEqual([
      'strongroom.tokenset.created.v1 1',
      'strongroom.tokenset.refreshed.v1 2',
      'strongroom.tokenset.refreshed.v1 3',
    ]);
  });

  it.each([false, true])(
    'of a refresh token whose end the answer does not name (new: %s) deletes nothing by the old end',
    async (rotates) => {
      const account = await bench.connected();
      await bench.expire(account);
      await bench.sql.query(`UPDATE tokensets SET refresh_expires_at = now() + interval '1 minute' WHERE id = $1`, [
        account.tokensetId,
      ]);
      bench.provider.rotates = rotates;
      await bench.token(account);
      const sql = 'SELECT refresh_expires_at AS end FROM tokensets WHERE id = $1 AND cred_version = 2';
      expect((await bench.sql.query(sql, [account.tokensetId])).rows).toEqual([{ end: null }]);
    },
  );

  it.each([20, 50])('EX-12 of one expired token is one upstream call for %i callers at once', async (callers) => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = async () => void (await sleep(100));
    const tokens = await Promise.all(Array.from({ length: callers }, () => bench.token(account)));
    expect(new Set(tokens.map((token) => token?.accessToken)).size).toBe(1);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('I1 I3 is journalled before it is sent', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    const seen: string[][] = [];
    bench.provider.before = async () => void seen.push((await bench.attempts(account)).map(({ state }) => state));
    await bench.token(account);
    expect(seen).toEqual([['sent']]);
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['committed']);
  });

  it('I2 CN-36 that ends after a delete stores nothing', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.after = async () => {
      const reason = 'disconnected' as const;
      expect(await bench.vault.delete({ ...account, reason, actor: { kind: 'user' } })).toBe(true);
      return undefined;
    };
    expect(await refusal(bench.token(account))).toMatchObject({
      code: 'federated_connection_refresh_token_not_found',
      status: 401,
      message: 'Federated connection Refresh Token not found.',
    });
    expect(await bench.row(account)).toBeUndefined();
  });

  it('I2 that ends after a reconnect leaves the tokens of the reconnect', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.after = async ({ grant }) => {
      if (grant !== 'refresh_token') return undefined;
      await bench.vault.redeem(await bench.redeemRequest(account.personId, account.connectionId));
      return undefined;
    };
    const token = await bench.token(account);
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(Provider.serialOf(token!.accessToken)).toBe(
      Provider.serialOf(bench.provider.refreshes[0]!.refreshToken!) + 2,
    );
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['superseded']);
    bench.provider.after = () => undefined;
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('I5 is answered only after its refresh token is durable', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    const blocker = await bench.sql.connect();
    await blocker.query('BEGIN');
    bench.provider.after = async () => {
      await blocker.query('SELECT FROM tokensets WHERE id = $1 FOR UPDATE', [account.tokensetId]);
      return undefined;
    };
    let isAnswered = false;
    const token = bench.token(account).finally(() => (isAnswered = true));
    while (bench.provider.refreshes.length === 0) await sleep(10);
    await sleep(300);
    expect(isAnswered).toBe(false);
    await blocker.query('COMMIT');
    blocker.release();
    expect((await token)?.refreshed).toBe(true);
  });

  it('that cannot be stored for the moment is stored later, and answered then', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.after = async () => void (await bench.sql.query('ALTER TABLE outbox RENAME TO outbox_away'));
    const token = bench.token(account);
    while (bench.provider.refreshes.length === 0) await sleep(10);
    await sleep(300);
    expect(await bench.row(account)).toMatchObject({ cred_version: 1 });
    await expect(bench.app.get(TokensetsHealth).check()).rejects.toThrow('not stored');
    await bench.sql.query('ALTER TABLE outbox_away RENAME TO outbox');
    expect((await token)?.refreshed).toBe(true);
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect(bench.provider.refreshes).toHaveLength(1);
    await bench.app.get(TokensetsHealth).check();
  });

  it('keeps the old refresh token where the answer brings none', async () => {
    const account = await bench.connected();
    bench.provider.rotates = false;
    for (let round = 0; round < 2; round += 1) {
      await bench.expire(account);
      expect((await bench.token(account))?.refreshed).toBe(true);
    }
    const [first, second] = bench.provider.refreshes;
    expect(second?.refreshToken).toBe(first?.refreshToken);
  });

  it('of a rotating provider that brings no refresh token overwrites nothing', async () => {
    const account = await bench.connected({ refresh: { mode: 'rotating' } });
    bench.provider.rotates = false;
    await bench.expire(account);
    const before = await bench.row(account);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 503 });
    expect((await bench.row(account))?.refresh_sealed).toEqual(before?.refresh_sealed);
    bench.provider.rotates = true;
    await bench.cooled(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });
  it('that takes longer than a caller waits goes on without them', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    let goOn = (): void => undefined;
    const told = new Promise<void>((settle) => (goOn = settle));
    bench.provider.before = async () => void (await told);
    expect(await refusal(bench.token(account))).toMatchObject({
      status: 503,
      details: { reason: 'refresh_in_progress', retry_after: 2 },
    });
    goOn();
    expect((await bench.token(account))?.accessToken).toBeDefined();
    expect(bench.provider.refreshes).toHaveLength(1);
  });
  it('without a refresh token is not made: the token is served to its end, then a reconnect is asked for', async () => {
    bench.provider.isOffline = false;
    const account = await bench.connected();
    await bench.expire(account, -5);
    expect((await bench.token(account))?.refreshed).toBe(false);
    await bench.expire(account);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'no_refresh_token' } });
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'no_refresh_token' } });
    const said = (await bench.events(account)).filter(({ type }) => type.includes('reconnect_required'));
    expect(said).toHaveLength(1);
  });
});

import { Bench, refusal } from '../../test/bench.js';

const RULES = [
  { when: { code: ['cnry_admin'] }, class: 'admin_blocked' },
  { when: { code: ['cnry_odd'] }, class: 'unknown' },
];
const DAY = 86_400_000;

describe('what a provider says of a grant', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000, refreshTimeoutMs: 15_000 });
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.provider.before = () => undefined;
    bench.provider.calls.length = 0;
  });

  const expired = async () => {
    const account = await bench.connected({ errors: { rules: RULES } });
    await bench.expire(account);
    bench.provider.calls.length = 0;
    return account;
  };
  /** Asked again only after longer than a caller waits. */
  const headers = { 'retry-after': '600' };
  const refuse = (error: string) => (bench.provider.before = () => ({ status: 400, body: { error }, headers }));
  const anotherTry = async (account: { personId: string; connectionId: string; tokensetId: string }) => {
    await bench.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = $1', [account.tokensetId]);
    await refusal(bench.token(account));
  };
  const types = async (account: { tokensetId: string }) =>
    (await bench.events(account)).map(({ type }) => type.split('.').at(-2));

  it('is no verdict while nobody knows what it means: three times in a row leave the account as it is', async () => {
    const account = await expired();
    refuse('cnry_odd');
    for (let round = 0; round < 3; round += 1) await anotherTry(account);
    expect(await bench.row(account)).toMatchObject({ status: 'active', failures: expect.any(Number) });
  });

  it('is a verdict once the same unknown refusal came three times over a day', async () => {
    const account = await expired();
    refuse('cnry_odd');
    for (let round = 0; round < 2; round += 1) await anotherTry(account);
    await bench.sql.query(
      `UPDATE refresh_attempts SET settled_at = settled_at - interval '25 hours' WHERE tokenset_id = $1`,
      [account.tokensetId],
    );
    await bench.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = $1', [account.tokensetId]);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'rejected' } });
    expect(await bench.row(account)).toMatchObject({
      status: 'reconnect_required',
      reason: 'rejected',
      access_sealed: null,
      refresh_sealed: null,
    });
    expect((await types(account)).at(-1)).toBe('reconnect_required');
  });

  it('P5 is kept without the code where that repeats a piece of the token', async () => {
    const account = await expired();
    const sent = await pieceOf(account);
    const kept = 'SELECT DISTINCT class, code FROM refresh_attempts WHERE tokenset_id = $1';
    expect((await bench.sql.query(kept, [account.tokensetId])).rows).toEqual([{ class: 'unknown', code: null }]);
    const said = JSON.stringify(await bench.events(account));
    expect([sent.length, said.includes('refresh_failed'), said.includes(sent)]).toEqual([5, true, false]);
  });
  /** The provider answers with the end of what it was sent, which looks like no secret. */
  const pieceOf = async (account: { personId: string; connectionId: string }): Promise<string> => {
    let piece = '';
    bench.provider.before = ({ refreshToken }) => {
      piece = refreshToken!.slice(-5);
      return { status: 400, body: { error: piece }, headers };
    };
    await refusal(bench.token(account));
    return piece;
  };

  it('has lost the rotation where the token came from a backup', async () => {
    const account = await expired();
    await bench.sql.query('UPDATE tokensets SET restored_at = clock_timestamp() WHERE id = $1', [account.tokensetId]);
    refuse('invalid_grant');
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'lost_rotation' } });
  });

  it('is believed again after the first refresh of a token from a backup', async () => {
    const account = await expired();
    await bench.sql.query('UPDATE tokensets SET restored_at = clock_timestamp() WHERE id = $1', [account.tokensetId]);
    expect((await bench.token(account))?.refreshed).toBe(true);
    await bench.expire(account);
    refuse('invalid_grant');
    expect(await refusal(bench.token(account))).toMatchObject({ details: { cause: 'revoked_or_expired' } });
  });

  describe('that waits for an administrator', () => {
    const blocked = async () => {
      const account = await expired();
      refuse('cnry_admin');
      expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'admin' } });
      return account;
    };
    const aDayLater = async (account: { tokensetId: string }) => {
      await bench.sql.query(`UPDATE tokensets SET next_attempt_at = next_attempt_at - interval '1 day' WHERE id = $1`, [
        account.tokensetId,
      ]);
      await bench.app.close();
      await bench.boot();
      bench.provider.calls.length = 0;
      await bench.sweep();
    };

    it('is tried once a day, and comes back by itself', async () => {
      const account = await blocked();
      const { next_attempt_at } = (await bench.row(account))!;
      expect(Math.abs(next_attempt_at!.getTime() - Date.now() - DAY)).toBeLessThan(60_000);
      await bench.sweep();
      expect(bench.provider.refreshes).toHaveLength(1);
      await aDayLater(account);
      expect(bench.provider.refreshes).toHaveLength(1);
      expect(await bench.row(account)).toMatchObject({ status: 'reconnect_required', reason: 'admin' });
      expect((await types(account)).filter((type) => type === 'reconnect_required')).toHaveLength(1);
      bench.provider.before = () => undefined;
      await aDayLater(account);
      expect(await bench.row(account)).toMatchObject({ status: 'active', reason: null, cred_version: 2 });
      expect((await bench.events(account)).at(-1)).toMatchObject({
        type: 'strongroom.tokenset.recovered.v1',
        data: { cause: 'retried' },
      });
    });

    it('asks for a reconnect once the grant is gone', async () => {
      const account = await blocked();
      refuse('invalid_grant');
      await aDayLater(account);
      expect(await bench.row(account)).toMatchObject({ reason: 'revoked_or_expired', refresh_sealed: null });
    });

    it('is tried no sooner after an outage', async () => {
      const account = await blocked();
      bench.provider.before = () => 'reset';
      await aDayLater(account);
      const row = (await bench.row(account))!;
      expect(row).toMatchObject({ reason: 'admin' });
      expect(row.next_attempt_at!.getTime() - Date.now()).toBeGreaterThan(DAY - 60_000);
    });
  });
});

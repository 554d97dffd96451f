import { accessTokenOf, type Account, refreshTokenOf, RevokingBench } from '../../test/revoking-bench.js';
import { RevocationSeal } from './revocation-seal.js';
import { RevocationStore } from './revocation-store.js';
import { Revoker } from './revoker.js';

describe('P4 a deleted tokenset', () => {
  let revoking: RevokingBench;

  beforeAll(async () => {
    revoking = await RevokingBench.start();
  });
  afterAll(() => revoking.bench.stop());
  beforeEach(() => revoking.reset());

  const DOWN = { status: 503, body: {} };

  /** The provider has answered, and the answer is not stored yet. */
  async function duringRefresh(account: Account, happens: () => Promise<unknown>): Promise<void> {
    const { bench } = revoking;
    await bench.expire(account);
    bench.provider.after = async ({ grant }) => {
      if (grant !== 'refresh_token') return undefined;
      bench.provider.after = () => undefined;
      await happens();
      return undefined;
    };
    await bench.token(account).catch(() => undefined);
  }

  it('AC-03 is erased and the provider is not told, unless the connection says so', async () => {
    const account = await revoking.connected();
    revoking.options(account, { revoke_on_delete: false });
    await revoking.disconnect(account);
    await revoking.work();
    expect(revoking.asked).toEqual([]);
    expect(await revoking.record(account)).toBeUndefined();
    expect((await revoking.bench.events(account)).at(-1)?.type).toBe('strongroom.tokenset.deleted.v1');
  });

  it('is revoked with the token that the entry names, once, and said after its deletion', async () => {
    const account = await revoking.connected();
    expect(await revoking.disconnect(account)).toBe(true);
    await revoking.work();
    expect(revoking.asked.map((form) => form.get('token'))).toEqual([refreshTokenOf(revoking.bench)]);
    expect(revoking.asked[0]!.get('client_secret')).toBe('cnry_client_secret');
    expect(await revoking.lastEvents(account)).toEqual([
      ['tokenset.deleted', 2],
      ['tokenset.revoked', 3, { outcome: 'revoked', effect: 'grant', code: null }],
    ]);
    expect(await revoking.record(account)).toMatchObject({ sealed: null, outcome: 'revoked', attempts: 1 });
  });

  it('moves no token that the entry does not present', async () => {
    const account = await revoking.connected({ support: 'custom', auth: 'none', token: 'both' });
    await revoking.disconnect(account);
    await revoking.work();
    const both = [refreshTokenOf(revoking.bench), accessTokenOf(revoking.bench)];
    expect(revoking.asked.map((form) => form.get('token'))).toEqual(both);
    expect([...revoking.asked[0]!.keys()]).toEqual(['token']);
  });

  it('is gone at once while its provider is down: no exchange, no key, no clear token', async () => {
    revoking.answer = () => DOWN;
    const account = await revoking.connected();
    await revoking.disconnect(account);
    expect(await revoking.bench.row(account)).toBeUndefined();
    const { sealed } = (await revoking.record(account))!;
    expect(sealed!.toString('latin1')).not.toContain('cnry_');
    const keys = await revoking.bench.sql.query('SELECT FROM tokenset_keys WHERE tokenset_id = $1', [
      account.tokensetId,
    ]);
    expect(keys.rowCount).toBe(0);
  });

  it('is revoked once its provider is back after 10 minutes', async () => {
    revoking.answer = () => DOWN;
    const account = await revoking.connected();
    const token = refreshTokenOf(revoking.bench);
    await revoking.disconnect(account);
    for (let minute = 0; minute < 10; minute++) {
      await revoking.work();
      await revoking.later(account, 60);
    }
    const { attempts, outcome } = (await revoking.record(account))!;
    expect([outcome, attempts > 2]).toEqual([null, true]);
    revoking.answer = () => ({ status: 200, body: {} });
    await revoking.later(account, 900);
    await revoking.work();
    expect(new Set(revoking.asked.map((form) => form.get('token')))).toEqual(new Set([token]));
    expect(await revoking.record(account)).toMatchObject({ outcome: 'revoked', attempts: revoking.asked.length });
  });

  it('waits as long as the provider asks', async () => {
    revoking.answer = () => ({ status: 429, body: {}, headers: { 'retry-after': '600' } });
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    await revoking.later(account, 590);
    await revoking.work();
    expect(revoking.asked).toHaveLength(1);
    await revoking.later(account, 20);
    await revoking.work();
    expect(revoking.asked).toHaveLength(2);
  });

  it('is given up after a day: the token is erased and nothing is sent any more', async () => {
    revoking.answer = () => ({ status: 503, body: { error: 'temporarily_unavailable' } });
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    const calls = revoking.asked.length;
    await revoking.later(account, 24 * 3600);
    await revoking.work();
    expect(revoking.asked).toHaveLength(calls);
    expect(await revoking.record(account)).toMatchObject({ sealed: null, outcome: 'failed', attempts: calls });
    expect((await revoking.lastEvents(account))[1]).toMatchObject(['tokenset.revoked', 3, { outcome: 'failed' }]);
  });

  it('is sent again by the next process when one dies between answer and commit', async () => {
    const account = await revoking.connected();
    await revoking.bench.sql.query(`CREATE OR REPLACE FUNCTION pg_temp_never() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF new.outcome IS NOT NULL THEN RAISE EXCEPTION 'killed'; END IF; RETURN new; END $$`);
    await revoking.bench.sql.query(
      'CREATE TRIGGER killed BEFORE UPDATE ON revocations FOR EACH ROW EXECUTE FUNCTION pg_temp_never()',
    );
    await revoking.disconnect(account);
    await revoking.work();
    await revoking.bench.sql.query('DROP TRIGGER killed ON revocations');
    await revoking.work();
    // the lease of the dead one still runs
    expect(revoking.asked).toHaveLength(1);
    revoking.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    await revoking.later(account, 61);
    await revoking.work();
    expect(revoking.asked).toHaveLength(2);
    expect(await revoking.lastEvents(account)).toEqual([
      ['tokenset.deleted', 2],
      ['tokenset.revoked', 3, { outcome: 'already_gone', effect: 'grant', code: null }],
    ]);
  });

  it('is one call for four processes that look at the same time', async () => {
    const account = await revoking.connected();
    const others = [1, 2, 3].map(() => revoking.secondRevoker());
    await revoking.disconnect(account);
    await Promise.all([revoking.work(), ...others.map((other) => other.work())]);
    expect(revoking.asked).toHaveLength(1);
  });

  it('ends as unsupported without a call where the provider has no way, with a link for the person', async () => {
    const account = await revoking.connected({ support: 'none' });
    await revoking.disconnect(account);
    await revoking.work();
    expect(revoking.asked).toEqual([]);
    expect(await revoking.lastEvents(account)).toEqual([
      ['tokenset.deleted', 2],
      ['tokenset.revoked', 3, { outcome: 'unsupported', effect: null, code: null }],
    ]);
    expect(await revoking.bench.vault.revocations(account.personId)).toMatchObject([
      { tokensetId: account.tokensetId, outcome: 'unsupported', manageUrl: 'https://tool.example/apps', attempts: 0 },
    ]);
  });

  it('ends as unsupported where the token that the entry names is not there', async () => {
    revoking.bench.provider.isOffline = false;
    const account = await revoking.connected({ support: 'custom', auth: 'none', token: 'refresh' });
    revoking.bench.provider.isOffline = true;
    await revoking.disconnect(account);
    await revoking.work();
    expect([revoking.asked.length, (await revoking.record(account))?.outcome]).toEqual([0, 'unsupported']);
  });

  it('fails for good where the provider refuses for good, without a second call', async () => {
    revoking.answer = () => ({ status: 403, body: { error: 'unsupported_token_type' } });
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    await revoking.later(account, 3600);
    await revoking.work();
    expect(revoking.asked).toHaveLength(1);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: 'unsupported_token_type' });
  });

  it.each([
    ['all', (token: string) => token],
    ['a part', (token: string) => token.replace('cnry_', '')],
  ])('P5 keeps nothing of a token that the provider says back, %s of it', async (_, said) => {
    const account = await revoking.connected();
    const token = said(refreshTokenOf(revoking.bench));
    revoking.answer = () => ({ status: 418, body: { error: token, error_description: `bad ${token}` } });
    await revoking.disconnect(account);
    await revoking.work();
    const { rows } = await revoking.bench.sql.query(
      `SELECT (SELECT json_agg(r) FROM revocations r)::text AS records,
         (SELECT json_agg(o) FROM outbox o)::text AS events`,
    );
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: null });
  });

  it('is not revoked while another tokenset holds the same account', async () => {
    revoking.answer = () => DOWN;
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    const calls = revoking.asked.length;
    // connected again meanwhile: revoking one token would end every grant of the account at some providers
    const { bench } = revoking;
    await bench.vault.redeem(await bench.redeemRequest(account.personId, account.connectionId));
    await revoking.later(account, 900);
    await revoking.work();
    expect(revoking.asked).toHaveLength(calls);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: 'account_in_use', sealed: null });
  });

  it.each([
    ['of the same client', 'upstream-client', 'grant', 'account_in_use'],
    ['of another client of a provider that ends a whole project', 'another-client', 'project', 'account_in_use'],
    ['of another client, whose grant is another', 'another-client', 'grant', null],
  ])('held through a connection %s, too, (%s, %s): %s', async (_, client, effect, code) => {
    const { bench } = revoking;
    const account = await revoking.connected({ effect });
    const other = { ...account, connectionId: await bench.connection() };
    revoking.options(other, { client_id: client });
    await bench.vault.redeem(await bench.redeemRequest(account.personId, other.connectionId));
    await revoking.disconnect(account);
    await revoking.work();
    expect(revoking.asked).toHaveLength(code ? 0 : 1);
    expect(await revoking.record(account)).toMatchObject({ outcome: code ? 'failed' : 'revoked', code });
  });

  it('whose refresh is under way is revoked with what that brings, and again if it was revoked before', async () => {
    const account = await revoking.connected();
    const { bench } = revoking;
    const old = refreshTokenOf(bench);
    await duringRefresh(account, async () => {
      await revoking.disconnect(account);
      await revoking.work();
    });
    await revoking.work();
    expect(refreshTokenOf(bench)).not.toBe(old);
    expect(revoking.asked.map((form) => form.get('token'))).toEqual([old, refreshTokenOf(bench)]);
    expect(await revoking.lastEvents(account)).toEqual([
      ['tokenset.revoked', 3, { outcome: 'revoked', effect: 'grant', code: null }],
      ['tokenset.revoked', 4, { outcome: 'revoked', effect: 'grant', code: null }],
    ]);
  });

  it('that is being revoked when a late refresh brings more is not over with the older answer', async () => {
    revoking.answer = () => DOWN;
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    await revoking.later(account, 900);
    const { app } = revoking.bench;
    const atWork = (await app.get(RevocationStore).claim())!;
    revoking.answer = () => ({ status: 200, body: {} });
    const late = { accessToken: 'cnry_late_at', refreshToken: 'cnry_late_rt' };
    await app.get(RevocationStore).reopen(atWork.recordId, app.get(RevocationSeal).seal(atWork, late), true);
    await app.get(RevocationStore).settle(atWork, { outcome: 'revoked', effect: 'grant', code: null }, true);
    await revoking.work();
    expect(revoking.asked.at(-1)?.get('token')).toBe('cnry_late_rt');
    expect(await revoking.lastEvents(account)).toEqual([
      ['tokenset.deleted', 2],
      ['tokenset.revoked', 3, { outcome: 'revoked', effect: 'grant', code: null }],
    ]);
  });

  it('without the option keeps nothing of a refresh that was under way', async () => {
    const account = await revoking.connected();
    revoking.options(account, { revoke_on_delete: false });
    await duringRefresh(account, () => revoking.disconnect(account));
    await revoking.work();
    expect([revoking.asked.length, await revoking.record(account)]).toEqual([0, undefined]);
  });

  it('that was reconnected instead leaves what a late refresh brings alone', async () => {
    const account = await revoking.connected();
    const { bench } = revoking;
    bench.provider.subject = (await bench.row(account))!.provider_subject;
    const reconnect = await bench.redeemRequest(account.personId, account.connectionId);
    await duringRefresh(account, () => bench.vault.redeem(reconnect));
    await revoking.work();
    expect([revoking.asked.length, await revoking.record(account)]).toEqual([0, undefined]);
  });

  it('of a deleted connection is revoked with what the connection was', async () => {
    const account = await revoking.connected();
    revoking.bench.directory.remove(account.connectionId);
    await revoking.deleteOf(account.connectionId);
    await revoking.work();
    expect(revoking.asked.map((form) => form.get('client_secret'))).toEqual(['cnry_client_secret']);
    expect((await revoking.record(account))?.outcome).toBe('revoked');
  });

  it('of a connection that left nothing behind fails', async () => {
    revoking.answer = () => DOWN;
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    revoking.bench.directory.views.delete(account.connectionId);
    await revoking.later(account, 900);
    await revoking.work();
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: 'connection_gone' });
  });

  /** A reconnect of this account that ends with the account of that subject at the provider. */
  async function reconnectedAs(account: Account, subject: string): Promise<unknown> {
    const { bench } = revoking;
    bench.provider.subject = subject;
    const pinned = { pinnedAccountId: account.accountId };
    return bench.vault
      .redeem(await bench.redeemRequest(account.personId, account.connectionId, pinned))
      .catch(({ code }: { code: string }) => code);
  }

  it('what a reconnect erases is revoked too, if nobody here has that account', async () => {
    const account = await revoking.connected();
    expect(await reconnectedAs(account, 'nobody-here')).toBe('account_conflict');
    await revoking.work();
    expect(revoking.asked.map((form) => form.get('token'))).toEqual([refreshTokenOf(revoking.bench)]);
    expect(await revoking.bench.row(account)).toMatchObject({ status: 'active' });
    expect(await revoking.bench.vault.revocations(account.personId)).toEqual([]);
    const left = await revoking.bench.sql.query('SELECT outcome, sealed FROM revocations');
    expect(left.rows).toEqual([{ outcome: 'revoked', sealed: null }]);
  });

  it('what a reconnect erases is left alone where somebody here has that account', async () => {
    const account = await revoking.connected();
    const { bench } = revoking;
    bench.provider.subject = 'of-bob';
    await bench.vault.redeem(await bench.redeemRequest(bench.person(), account.connectionId));
    expect(await reconnectedAs(account, 'of-bob')).toBe('account_conflict');
    await revoking.work();
    expect(revoking.asked).toEqual([]);
    const left = await bench.sql.query('SELECT outcome, code, sealed FROM revocations');
    expect(left.rows).toEqual([{ outcome: 'failed', code: 'account_in_use', sealed: null }]);
  });

  it('moves on with the installation key, and is revoked when the old one is destroyed', async () => {
    revoking.answer = () => DOWN;
    const account = await revoking.connected();
    const token = refreshTokenOf(revoking.bench);
    await revoking.disconnect(account);
    await revoking.work();
    const { installation_key_id: before } = (await revoking.record(account))!;
    expect(await revoking.rotateKey()).toBe(before);
    expect((await revoking.record(account))!.installation_key_id).not.toBe(before);
    revoking.answer = () => ({ status: 200, body: {} });
    await revoking.later(account, 900);
    await revoking.work();
    expect(revoking.asked.at(-1)?.get('token')).toBe(token);
    expect((await revoking.record(account))?.outcome).toBe('revoked');
  });

  it('says for 30 days what became of it, and a day long whose account it was', async () => {
    const account = await revoking.connected();
    await revoking.disconnect(account);
    await revoking.work();
    await revoking.later(account, 25 * 3600);
    await revoking.bench.app.get(Revoker).forget();
    expect(await revoking.record(account)).toMatchObject({ provider_subject: null, provider_params: null });
    await revoking.later(account, 30 * 24 * 3600);
    await revoking.bench.app.get(Revoker).forget();
    expect(await revoking.record(account)).toBeUndefined();
  });
});

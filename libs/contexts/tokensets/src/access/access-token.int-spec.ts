import { Bench, refusal } from '../../test/bench.js';

describe('an access token', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    Object.assign(bench.provider, { isOffline: true, scope: 'read write', expiresIn: 3600 });
    bench.provider.calls.length = 0;
  });

  it('RE-01 SE-06 is not there for who never connected, whoever else did', async () => {
    const theirs = await bench.connected();
    const nobody = { personId: bench.person(), connectionId: theirs.connectionId };
    const refused = await refusal(bench.token(nobody));
    expect(refused).toMatchObject({
      code: 'federated_connection_refresh_token_not_found',
      status: 401,
      message: 'Federated connection Refresh Token not found.',
      details: { reason: 'tokenset_not_found' },
    });
    expect(await refusal(bench.token(nobody))).toMatchObject({ details: refused.details });
  });

  it('that is fresh costs one read, no write and no call', async () => {
    const account = await bench.connected();
    await bench.token(account);
    const before = await bench.row(account);
    const calls = bench.provider.calls.length;
    const token = await bench.token(account);
    expect(token).toMatchObject({ refreshed: false, scopes: ['read', 'write'], tokensetId: account.tokensetId });
    expect(token!.expiresIn).toBeLessThanOrEqual(3600);
    expect(token!.expiresIn).toBeGreaterThan(3500);
    expect(await bench.row(account)).toEqual(before);
    expect(bench.provider.calls).toHaveLength(calls);
  });

  it('is refreshed for a caller who needs it longer than it lives', async () => {
    const account = await bench.connected();
    await bench.expire(account, -300);
    expect((await bench.token(account))?.refreshed).toBe(false);
    expect((await bench.token(account, { minimumSeconds: 600 }))?.refreshed).toBe(true);
  });

  it('AD-04 with 200 s left is refreshed for who needs 300 s, and served to who does not', async () => {
    const account = await bench.connected();
    await bench.expire(account, -200);
    expect(await bench.token(account, { minimumSeconds: 0 })).toMatchObject({ refreshed: false });
    bench.provider.calls.length = 0;
    const both = await Promise.all([300, 600].map((minimumSeconds) => bench.token(account, { minimumSeconds })));
    expect(bench.provider.refreshes).toHaveLength(1);
    for (const token of both) expect(token!.expiresIn).toBeGreaterThan(600);
  });

  it('AD-04 is the freshest that lives where the provider gives less, or is down', async () => {
    const account = await bench.connected();
    await bench.expire(account, -200);
    bench.provider.expiresIn = 250;
    const short = await bench.token(account, { minimumSeconds: 300 });
    expect(short).toMatchObject({ refreshed: true });
    expect(short!.expiresIn).toBeGreaterThan(200);

    await bench.expire(account, -200);
    bench.provider.before = () => ({ status: 503, body: {}, headers: { 'retry-after': '30' } });
    const kept = await bench.token(account, { minimumSeconds: 300 });
    bench.provider.before = () => undefined;
    expect(kept).toMatchObject({ accessToken: short!.accessToken, refreshed: false });
  });

  it('of a short life is not refreshed on every read', async () => {
    bench.provider.expiresIn = 20;
    const account = await bench.connected();
    expect((await bench.token(account))?.refreshed).toBe(false);
  });

  it('EX-16 without an end is said to last an hour', async () => {
    bench.provider.expiresIn = 0;
    const account = await bench.connected();
    expect(await bench.token(account)).toMatchObject({ expiresIn: 3600, expiresAt: null });
  });

  it('only looked for is null where a refresh would be due, and nothing is sent', async () => {
    const account = await bench.connected();
    expect((await bench.token(account, { mayRefresh: false }))?.accessToken).toBeDefined();
    await bench.expire(account);
    expect(await bench.token(account, { mayRefresh: false })).toBeNull();
    expect(bench.provider.refreshes).toHaveLength(0);
  });

  it('X10 SE-01 SE-02 SE-03 SE-04 SE-07 is that of the account that is named', async () => {
    const first = await bench.connected();
    const firstSubject = bench.provider.subject;
    bench.provider.subject = 'Second';
    const second = await bench.vault.redeem(await bench.redeemRequest(first.personId, first.connectionId));
    const of = async (hint: string) => (await bench.token(first, { hint }))?.accountId;
    expect(await of(firstSubject)).toBe(first.accountId);
    expect(await of('Second')).toBe(second.accountId);
    expect(await of('SECOND@EXAMPLE.COM')).toBe(second.accountId);
    expect(await of(second.accountId)).toBe(second.accountId);
    expect(await refusal(bench.token(first, { hint: 'third' }))).toMatchObject({
      code: 'user_not_found',
      status: 401,
      message: 'Identity User not found.',
      details: { reason: 'account_not_found' },
    });
    expect(await refusal(bench.token(first))).toMatchObject({
      code: 'invalid_request',
      status: 400,
      details: {
        reason: 'account_ambiguous',
        accounts: [
          { id: first.accountId, login_hint: firstSubject, label: `${firstSubject}@example.com` },
          { id: second.accountId, login_hint: 'Second', label: 'Second@example.com' },
        ],
      },
    });
  });

  it('SE-05 has the scopes that were asked for, or is refused', async () => {
    const account = await bench.connected();
    expect((await bench.token(account, { scopes: ['write', 'read'] }))?.scopes).toEqual(['read', 'write']);
    expect(await refusal(bench.token(account, { scopes: ['read'] }))).toMatchObject({
      code: 'invalid_scope',
      status: 400,
      details: { reason: 'scope_not_narrowable' },
    });
    const beyond = await refusal(bench.token(account, { scopes: ['read', 'admin'] }));
    expect(beyond).toMatchObject({
      code: 'invalid_scope',
      details: { reason: 'scope_missing', missing_scopes: ['admin'] },
    });
    expect(beyond.details?.['connect']).toMatchObject({
      endpoint: 'https://vault.example.com/me/v1/connected-accounts/connect',
      body: { connected_account_id: account.accountId, scopes: ['read', 'write', 'admin'] },
    });
    // What it says to post would be refused with a scope that no scope can be.
    const odd = await refusal(bench.token(account, { scopes: ['say"hello"', 'x'.repeat(200)] }));
    expect(odd.details?.['connect']).toMatchObject({ body: { scopes: ['read', 'write'] } });
  });

  it('whose record is of another row is refused, and the alarm is raised once', async () => {
    const account = await bench.connected();
    const other = await bench.connected();
    await bench.sql.query(
      `UPDATE tokensets t SET access_sealed = o.access_sealed FROM tokensets o WHERE t.id = $1 AND o.id = $2`,
      [account.tokensetId, other.tokensetId],
    );
    expect(await refusal(bench.token(account))).toMatchObject({ details: { reason: 'credential_unreadable' } });
    expect(await refusal(bench.token(account))).toMatchObject({ details: { cause: 'unreadable' } });
    expect((await bench.token(other))?.accountId).toBe(other.accountId);
  });

  it('of an earlier version does not open in the row of today', async () => {
    const account = await bench.connected();
    const { access_sealed: old } = (await bench.row(account))!;
    await bench.expire(account);
    await bench.token(account);
    await bench.sql.query('UPDATE tokensets SET access_sealed = $2 WHERE id = $1', [account.tokensetId, old]);
    expect(await refusal(bench.token(account))).toMatchObject({ details: { reason: 'credential_unreadable' } });
  });

  it('was last used today, once that is written at the end of the process', async () => {
    const account = await bench.connected();
    const today = new Date().toISOString().slice(0, 10);
    await bench.token(account);
    await bench.app.close();
    await bench.boot();
    const [view] = await bench.vault.list(account.personId);
    const later = new Date().toISOString().slice(0, 10); // midnight may have come between
    expect([today, later]).toContain(view?.lastUsedAt?.slice(0, 10));
  });
});

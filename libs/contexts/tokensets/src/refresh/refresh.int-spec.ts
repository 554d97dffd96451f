import { setTimeout as sleep } from 'node:timers/promises';
import { Bench, refusal } from '../../test/bench.js';
import { Provider } from '../../test/provider.js';

const GRACE = { refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 60 } };

describe('a refresh', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 3_000, refreshTimeoutMs: 5_000 });
  }, 60_000);
  afterAll(() => bench.stop());
  beforeEach(() => {
    Object.assign(bench.provider, { rotates: true, isOffline: true, graceMs: 0, expiresIn: 3600, scope: 'read write' });
    bench.provider.before = () => undefined;
    bench.provider.after = () => undefined;
    bench.provider.calls.length = 0;
  });

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

  it('I2 that ends after a delete stores nothing', async () => {
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
    await bench.sql.query('ALTER TABLE outbox_away RENAME TO outbox');
    expect((await token)?.refreshed).toBe(true);
    expect(await bench.row(account)).toMatchObject({ cred_version: 2 });
    expect(bench.provider.refreshes).toHaveLength(1);
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

  it('RE-04 that is refused for good asks for a reconnect and is not sent again', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => ({ status: 400, body: { error: 'invalid_grant' } });
    const refused = {
      code: 'federated_connection_refresh_token_flow_failed',
      status: 401,
      details: { reason: 'reconnect_required', cause: 'revoked_or_expired' },
    };
    expect(await refusal(bench.token(account))).toMatchObject(refused);
    expect(await refusal(bench.token(account))).toMatchObject(refused);
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.row(account)).toMatchObject({ access_sealed: null, refresh_sealed: null });
    expect((await bench.events(account)).at(-1)?.type).toBe('strongroom.tokenset.reconnect_required.v1');
  });

  it.each([
    ['500', { status: 500, body: { error: 'invalid_grant' } }],
    ['503 with a time', { status: 503, body: {}, headers: { 'retry-after': '30' } }],
    ['429', { status: 429, body: {}, headers: { 'retry-after': '30' } }],
    ['a page with 200', { status: 200, body: '<html>maintenance</html>' }],
    ['a reset', 'reset' as const],
  ])('RE-05 I4 answered with %s is tried later: 503, entry unharmed', async (_name, answer) => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => answer;
    const refused = await refusal(bench.token(account));
    expect(refused).toMatchObject({ code: 'temporarily_unavailable', status: 503 });
    expect(refused.details).toMatchObject({ reason: 'provider_unavailable', retry_after: expect.any(Number) });
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 1, lease_until: null });
    const failed = (await bench.events(account)).filter(({ type }) => type.includes('refresh_failed'));
    expect(failed).toHaveLength(1);
    bench.provider.before = () => undefined;
    await bench.cooled(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  const KEPT = { status: 'active', reason: null, has_refresh: true };
  const GONE = { status: 'reconnect_required', has_refresh: false };
  it.each([
    // class, the row, the caller, the attempt
    ['retry', KEPT, [503, 'provider_unavailable'], 'unknown'],
    ['rate_limited', KEPT, [503, 'provider_unavailable'], 'not_processed'],
    ['reconnect', { ...GONE, reason: 'revoked_or_expired' }, [401, 'reconnect_required'], 'rejected'],
    ['step_up', { ...GONE, reason: 'interaction', has_refresh: true }, [401, 'reconnect_required'], 'rejected'],
    ['admin_blocked', { ...GONE, reason: 'admin', has_refresh: true }, [401, 'reconnect_required'], 'rejected'],
    ['client_config', KEPT, [502, 'connection_misconfigured'], 'not_processed'],
    ['insufficient_scope', KEPT, [400, 'scope_missing'], 'rejected'],
    ['restart_flow', KEPT, [503, 'provider_unavailable'], 'rejected'],
    ['user_denied', KEPT, [503, 'provider_unavailable'], 'rejected'],
    ['bug', KEPT, [502, 'connection_misconfigured'], 'not_processed'],
    ['malformed', KEPT, [503, 'provider_unavailable'], 'unknown'],
    ['unknown', KEPT, [503, 'provider_unavailable'], 'rejected'],
  ])(
    'refused with class %s leaves %j and is told the caller as %j',
    async (kind, row, [status, reason], attempt) => {
      const rules = [{ when: { code: ['cnry_said'] }, class: kind }];
      const account = await bench.connected({ errors: { rules } });
      await bench.expire(account);
      // Asked again only after longer than a caller waits.
      const headers = { 'retry-after': '600' };
      bench.provider.before = () => ({ status: 400, body: { error: 'cnry_said' }, headers });
      expect(await refusal(bench.token(account))).toMatchObject({ status, details: { reason } });
      const { rows } = await bench.sql.query(
        'SELECT status, reason, refresh_sealed IS NOT NULL AS has_refresh, cred_version FROM tokensets WHERE id = $1',
        [account.tokensetId],
      );
      expect(rows).toMatchObject([{ ...row, cred_version: 1 }]);
      expect((await bench.attempts(account)).at(-1)).toMatchObject({ state: attempt, class: kind });
    },
    20_000,
  );

  it.each([
    ['rejected', 'active', 'not_processed'],
    ['revokes-grant', 'reconnect_required', 'rejected'],
  ])(
    'refused as a race four times where reuse is %s leaves the account %s',
    async (reuse, status, attempt) => {
      const rules = [{ when: { code: ['cnry_said'] }, class: 'race' }];
      const account = await bench.connected({ errors: { rules }, refresh: { reuse } });
      await bench.expire(account);
      bench.provider.before = () => ({ status: 400, body: { error: 'cnry_said' } });
      await refusal(bench.token(account)); // who may be told that it goes on
      while ((await bench.attempts(account))[0]!.state === 'sent') await sleep(50);
      expect(await bench.row(account)).toMatchObject({ status });
      expect((await bench.attempts(account))[0]).toMatchObject({ state: attempt });
      expect(bench.provider.refreshes.length).toBeGreaterThanOrEqual(4);
    },
    20_000,
  );

  it('RE-05 refused for the client of the connection: 502, entry unharmed, works once it is mended', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => ({ status: 401, body: { error: 'invalid_client' } });
    expect(await refusal(bench.token(account))).toMatchObject({
      code: 'server_error',
      status: 502,
      details: { reason: 'connection_misconfigured' },
    });
    expect(await bench.row(account)).toMatchObject({ status: 'active', failures: 0 });
    bench.provider.before = () => undefined;
    await bench.cooled(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('RE-05 refused for the client of the connection is paused: the same 502, and no request more', async () => {
    const account = await bench.connected();
    bench.provider.before = () => ({ status: 401, body: { error: 'invalid_client' } });
    await bench.expire(account, -20);
    const misconfigured = {
      code: 'server_error',
      status: 502,
      retryAfter: 60,
      details: { reason: 'connection_misconfigured' },
    };
    for (let round = 0; round < 2; round += 1) expect((await bench.token(account))?.refreshed).toBe(false);
    await bench.expire(account);
    for (let round = 0; round < 2; round += 1) expect(await refusal(bench.token(account))).toMatchObject(misconfigured);
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('that fails leaves a living token in use, inside its last seconds too', async () => {
    const account = await bench.connected();
    await bench.expire(account, -20);
    bench.provider.before = () => ({ status: 500, body: {} });
    const token = await bench.token(account);
    expect(token?.refreshed).toBe(false);
    expect(token!.expiresIn).toBeGreaterThan(0);
    expect(token!.expiresIn).toBeLessThanOrEqual(20);
  });

  it('that takes longer than a caller waits goes on without them', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = async () => void (await sleep(3_600));
    expect(await refusal(bench.token(account))).toMatchObject({
      status: 503,
      details: { reason: 'refresh_in_progress', retry_after: 2 },
    });
    expect((await bench.token(account))?.accessToken).toBeDefined();
    expect(bench.provider.refreshes).toHaveLength(1);
  });

  it('of a strict provider without an answer is sent once more and then left alone', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => 'reset';
    expect(await refusal(bench.token(account))).toMatchObject({ status: 503, details: { retry_after: 60 } });
    expect(bench.provider.refreshes).toHaveLength(2);
    expect((await bench.attempts(account)).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  });

  it('whose rotation got lost says so once the provider refuses', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    let calls = 0;
    bench.provider.after = () => ((calls += 1) === 1 ? 'reset' : undefined);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'lost_rotation' } });
  });

  it('whose answer got lost is repeated inside the grace of the provider', async () => {
    const account = await bench.connected(GRACE);
    bench.provider.graceMs = 60_000;
    await bench.expire(account);
    let calls = 0;
    bench.provider.after = () => ((calls += 1) === 1 ? 'reset' : undefined);
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(bench.provider.refreshes).toHaveLength(2);
  });

  it('refused as a race inside the grace is tried once more', async () => {
    const account = await bench.connected(GRACE);
    bench.provider.graceMs = 60_000;
    await bench.expire(account);
    const answers = [
      { status: 500, body: {} },
      { status: 400, body: { error: 'invalid_grant' } },
    ];
    bench.provider.after = () => answers.shift();
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(bench.provider.refreshes).toHaveLength(3);
  });

  it('goes nowhere else than where the refresh token came from', async () => {
    const account = await bench.connected();
    await bench.token(account); // the connection is remembered as it was
    await bench.expire(account);
    const elsewhere = await Provider.start();
    const view = bench.directory.views.get(account.connectionId)!;
    view.options = { ...view.options, tokenURL: `${elsewhere.url}/token` };
    view.tokenOrigin = elsewhere.url;
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'endpoint_changed' } });
    expect(elsewhere.calls).toHaveLength(0);
    expect(bench.provider.refreshes).toHaveLength(0);
    await elsewhere.stop();
  }, 15_000);

  it('of a tokenset whose record was taken from another row is not made', async () => {
    const account = await bench.connected();
    const other = await bench.connected();
    await bench.expire(account);
    await bench.sql.query(
      `UPDATE tokensets t SET refresh_sealed = o.refresh_sealed FROM tokensets o WHERE t.id = $1 AND o.id = $2`,
      [account.tokensetId, other.tokensetId],
    );
    expect(await refusal(bench.token(account))).toMatchObject({
      status: 401,
      details: { reason: 'credential_unreadable', cause: 'unreadable' },
    });
    expect(bench.provider.refreshes).toHaveLength(0);
    expect(await bench.row(account)).toMatchObject({ status: 'reconnect_required', reason: 'unreadable' });
    expect((await bench.row(account))?.refresh_sealed).not.toBeNull();
    expect(await refusal(bench.token(account))).toMatchObject({ details: { reason: 'reconnect_required' } });
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

import { setTimeout as sleep } from 'node:timers/promises';
import { refusal } from '../../test/bench.js';
import { refreshSuite } from '../../test/refresh-suite.js';

describe('a refresh', () => {
  const bench = refreshSuite();

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
  ])('refused with class %s leaves %j and is told the caller as %j', async (kind, row, [status, reason], attempt) => {
    const rules = [{ when: { code: ['cnry_said'] }, class: kind }];
    const account = await bench.connected({ errors: { rules } });
    await bench.expire(account);
    // Asked again only after longer than a caller waits.
    const headers = { 'retry-after': '600' };
    bench.provider.before = () => ({ status: 400, body: { error: 'cnry_said' }, headers });
    expect(await refusal(bench.token(account))).toMatchObject({ status, details: { reason } });
    if (kind === 'bug' || kind === 'client_config')
      expect(await refusal(bench.token(account))).toMatchObject({ status, details: { reason } });
    const { rows } = await bench.sql.query(
      'SELECT status, reason, refresh_sealed IS NOT NULL AS has_refresh, cred_version FROM tokensets WHERE id = $1',
      [account.tokensetId],
    );
    expect(rows).toMatchObject([{ ...row, cred_version: 1 }]);
    expect((await bench.attempts(account)).at(-1)).toMatchObject({ state: attempt, class: kind });
  });

  it.each([
    ['rejected', 'active', 'not_processed'],
    ['revokes-grant', 'reconnect_required', 'rejected'],
  ])('refused as a race four times where reuse is %s leaves the account %s', async (reuse, status, attempt) => {
    const rules = [{ when: { code: ['cnry_said'] }, class: 'race' }];
    const account = await bench.connected({ errors: { rules }, refresh: { reuse } });
    await bench.expire(account);
    bench.provider.before = () => ({ status: 400, body: { error: 'cnry_said' } });
    await refusal(bench.token(account)); // who may be told that it goes on
    while ((await bench.attempts(account))[0]!.state === 'sent') await sleep(50);
    expect(await bench.row(account)).toMatchObject({ status });
    expect((await bench.attempts(account))[0]).toMatchObject({ state: attempt });
    expect(bench.provider.refreshes.length).toBeGreaterThanOrEqual(4);
  });

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
});

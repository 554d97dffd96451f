import { VaultError } from '@strongroom/errors';
import { ALICE, type ExchangeApp, startExchange } from '../test/exchange-app.js';
import { TOKEN_EXCHANGE_GRANT } from './exchange.request.js';
import { RateRefusals } from './rate-refusals.js';

describe('what the exchange refuses', () => {
  let app: ExchangeApp;

  beforeAll(async () => {
    app = await startExchange();
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.clear());

  describe('each refusal', () => {
    const account = { id: 'cac_1', login_hint: '7' };
    const endpoint = 'https://vault.example.com/me/v1/connected-accounts/connect';
    const connect = { endpoint, body: { connection: 'acme', connected_account_id: 'cac_1', scopes: ['read'] } };
    const begin = { endpoint, body: { connection: 'acme' } };
    const wait = { retry_after: 7 };
    const flow = 'federated_connection_refresh_token_flow_failed';
    const none = 'federated_connection_refresh_token_not_found';
    const dead = { cause: 'revoked_or_expired', account, connect };
    const byAdmin = { cause: 'admin', account };
    const several = { accounts: [{ ...account, label: null }] };
    const setting = (name: string) => ({ setting: name });
    type Row = [reason: string, status: number, error: string, more?: Record<string, unknown>];

    const ofSubject: Row[] = [
      ['client_grant_missing', 403, 'unauthorized_client', setting('grant_types')],
      ['client_third_party', 403, 'unauthorized_client', setting('is_first_party')],
      ['client_not_oidc_conformant', 403, 'unauthorized_client', setting('oidc_conformant')],
      ['client_rotation_on', 403, 'unauthorized_client', setting('refresh_token.rotation_type')],
      ['client_not_api_client', 403, 'unauthorized_client', setting('app_type')],
      ...['subject_invalid', 'subject_expired', 'subject_revoked', 'user_blocked'].map((reason): Row => [
        reason,
        403,
        'invalid_grant',
      ]),
      ['dpop_invalid', 400, 'invalid_dpop_proof'],
      ['mfa_policy_always', 401, 'mfa_required'],
      ['worker_jwt_invalid', 400, 'invalid_request'],
      ['worker_jwt_stale', 401, 'invalid_grant'],
      ['worker_jwt_replayed', 401, 'invalid_grant'],
      ['worker_address', 403, 'access_denied'],
      ['store_unavailable', 503, 'temporarily_unavailable', wait],
    ];
    const ofVault: Row[] = [
      ['tokenset_not_found', 401, none, { connect: begin }],
      ['reconnect_required', 401, flow, dead],
      ['reconnect_required', 401, flow, byAdmin],
      ['credential_unreadable', 401, flow, { ...dead, cause: 'unreadable' }],
      ['scope_missing', 400, 'invalid_scope', { account, missing_scopes: ['read'], connect }],
      ['scope_not_narrowable', 400, 'invalid_scope', { missing_scopes: [] }],
      ['account_ambiguous', 400, 'invalid_request', several],
      ['account_not_found', 401, 'user_not_found'],
      ['paused_by_person', 403, 'access_denied', { account }],
      ['provider_unavailable', 503, 'temporarily_unavailable', wait],
      ['refresh_in_progress', 503, 'temporarily_unavailable', wait],
      ['vault_sealed', 503, 'temporarily_unavailable', wait],
      ['connection_misconfigured', 502, 'server_error'],
    ];
    const thrown = ([reason, status, code, more]: Row) =>
      new VaultError(`Do something about ${reason}.`, {
        ...{ code, status, details: { reason, ...more }, audit: { accountId: 'cac_1' } },
        ...(more === wait ? { retryAfter: wait.retry_after } : {}),
      });
    const needsConsent = (reason: string) =>
      ['tokenset_not_found', 'reconnect_required', 'credential_unreadable'].includes(reason);

    /** As the libraries can read it: anything else than the code is lost to them otherwise (§1.8). */
    const read = ({ status, headers, body }: Awaited<ReturnType<ExchangeApp['exchange']>>) => {
      expect(headers['www-authenticate']).toBeUndefined();
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(headers['cache-control']).toBe('no-store');
      expect(body.error_description).toMatch(/\S/);
      expect(body.access_token).toBeUndefined();
      if (status === 503 || status === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      const { error, error_details, description, error_description } = body;
      if (description !== undefined) expect(description).toBe(error_description);
      return { status, error, error_details, ...(description === undefined ? {} : { described: true }) };
    };
    const lastReason = async () => (await app.rows()).map(({ payload }) => payload['reason']).at(-1);

    it.each(ofSubject)('RE-18 of the subject, %s, has its code and details and no WWW-Authenticate', async (...row) => {
      const [reason, status, error, more = {}] = row;
      app.subjects.refusal = thrown(row);
      const expected = { status, error, error_details: { reason, ...more } };
      expect(read(await app.exchange('cnry_any'))).toEqual(expected);
      expect(read(await app.exchange('cnry_any', { grant_type: TOKEN_EXCHANGE_GRANT, connection: '', audience: 'acme' })))
        .toEqual(expected); // prettier-ignore
      expect(await lastReason()).toBe(reason);
    });

    it.each(ofVault)('RE-18 of the vault, %s, has its code and details and no WWW-Authenticate', async (...row) => {
      const [reason, status, error, more = {}] = row;
      app.vault.refusal = thrown(row);
      const consent =
        needsConsent(reason) || reason === 'scope_missing' ? { cause: null, account: null, missing_scopes: [] } : {};
      const error_details = { reason, connection: 'acme', ...consent, ...more };
      const described = reason === 'account_not_found' ? { described: true } : {};
      const token = app.tokenOf(ALICE);
      expect(read(await app.exchange(token))).toEqual({ status, error, error_details, ...described });
      const { payload } = (await app.rows()).at(-1)!;
      expect([payload['reason'], payload['accountId']]).toEqual([reason, 'cac_1']);
      const plain = await app.exchange(token, { grant_type: TOKEN_EXCHANGE_GRANT, connection: '', audience: 'acme' });
      const code = needsConsent(reason) ? { status: 400, error: 'consent_required' } : { status, error };
      expect(read(plain)).toEqual({ ...code, error_details, ...described });
    });

    it('RE-18 EX-19 of a proof without the nonce that is asked for says it in a header', async () => {
      app.subjects.refusal = new VaultError('Send the nonce.', {
        ...{ code: 'use_dpop_nonce', status: 400, details: { dpop_nonce: 'nonce-1' } },
        audit: { reason: 'dpop_invalid' },
      });
      const answer = await app.exchange('cnry_any');
      expect(answer.headers['dpop-nonce']).toBe('nonce-1');
      const error_details = { reason: 'dpop_invalid' };
      expect(read(answer)).toEqual({ status: 400, error: 'use_dpop_nonce', error_details });
      expect(await lastReason()).toBe('dpop_invalid');
    });

    it('RE-18 of a caller that did not authenticate says why to nobody but the audit', async () => {
      for (const reason of ['client_authentication_failed', 'client_public']) {
        app.subjects.refusal = new VaultError('Client authentication failed', {
          ...{ code: 'invalid_client', status: 401, audit: { reason, clientId: 'app' } },
        });
        expect(read(await app.exchange('cnry_any'))).toEqual({ status: 401, error: 'invalid_client' });
        expect(await lastReason()).toBe(reason);
      }
    });

    it.each<[string, Record<string, string>, number, string]>([
      ['an unknown subject type', { subject_token_type: 'urn:x' }, 400, 'invalid_request'],
      ['a refresh token asked for', { requested_token_type: 'urn:x' }, 400, 'invalid_request'],
      ['a missing connection', { connection: '' }, 400, 'invalid_request'],
      ['a person named', { user_id: 'auth0|bob' }, 400, 'invalid_request'],
      ['AD-04 a min_ttl of 601', { min_ttl: '601' }, 400, 'invalid_request'],
      ['a body of more than 32 KiB', { odd: 'x'.repeat(33_000) }, 413, 'invalid_request'],
      ['no grant', { grant_type: '' }, 400, 'invalid_request'],
      ['an unknown connection', { connection: 'nothing' }, 400, 'invalid_request'],
      ['a vault that is off', { connection: 'off' }, 400, 'invalid_request'],
    ])('RE-18 of %s has no WWW-Authenticate', async (_, changed, status, error) => {
      app.directory.views.set('off', { vaultActive: false });
      const answer = read(await app.exchange(app.tokenOf(ALICE), changed));
      expect(answer).toMatchObject({ status, error });
      expect(app.vault.asked).toEqual([]);
    });

    it('RE-23 reads no other content type', async () => {
      const headers = { 'content-type': 'text/plain' };
      expect(read(await app.exchange(app.tokenOf(ALICE), {}, { headers }))).toEqual({
        status: 400,
        error: 'invalid_request',
      });
      expect(read(await app.exchange(app.tokenOf(ALICE), { connection: '' }))).toEqual({
        status: 400,
        error: 'invalid_request',
      });
    });

    it('asks in the order of the contract: request, subject, connection, account', async () => {
      const denied: Row = ['subject_revoked', 403, 'invalid_grant'];
      app.subjects.refusal = thrown(denied);
      app.vault.refusal = thrown(['account_ambiguous', 400, 'invalid_request', several]);
      const reason = async (more: Record<string, string> = {}) => {
        await app.exchange(app.tokenOf(ALICE), more);
        return lastReason();
      };
      expect(await reason({ connection: 'nothing', min_ttl: 'x' })).toBe('request_invalid');
      expect(await reason({ connection: 'nothing' })).toBe('subject_revoked');
      app.subjects.refusal = undefined;
      expect(await reason({ connection: 'nothing' })).toBe('connection_not_available');
      expect(await reason()).toBe('account_ambiguous');
    });
  });

  it('RE-07 gives the same bytes for a connection that is not there and one not enabled', async () => {
    app.directory.views.set('closed', { enabledForClient: false });
    app.directory.views.set('off', { vaultActive: false });
    const unknown = await app.exchange(app.tokenOf(ALICE), { connection: 'nothing' });
    expect(unknown.status).toBe(400);
    expect((await app.exchange(app.tokenOf(ALICE), { connection: 'closed' })).text).toBe(unknown.text);
    const off = await app.exchange(app.tokenOf(ALICE), { connection: 'off' });
    expect(off.body.error_description).toBe('Token Vault is not enabled for the provided connection');
    expect(app.vault.asked).toEqual([]);
  });

  it('RE-19 records a refusal with its reason, and one that could not be read', async () => {
    await app.exchange('cnry_nobody');
    await app.exchange(app.tokenOf(ALICE), { connection: '' });
    await app.exchange(app.tokenOf(ALICE), { grant_type: '' });
    for (const type of ['text/plain', 'application/json'])
      await app.exchange(app.tokenOf(ALICE), {}, { headers: { 'content-type': type } });
    expect((await app.rows()).map(({ payload }) => [payload.error, payload.reason])).toEqual([
      ['invalid_grant', 'subject_revoked'],
      ...Array<string[]>(4).fill(['invalid_request', 'request_invalid']),
    ]);
  });

  it('RE-19 records what the server refuses before it is read, and a grant that nobody knows', async () => {
    const token = app.tokenOf(ALICE);
    const fields = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`f${index}`, '1']));
    for (const more of [{ odd: '\0' }, { subject_token: 'x'.repeat(8193) }, { odd: 'x'.repeat(33_000) }, fields])
      expect((await app.exchange(token, more)).body.error).toBe('invalid_request');
    const compressed = await app.exchange(token, {}, { headers: { 'content-encoding': 'gzip' } });
    expect(compressed.status).toBe(415);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const grant of ['password', 'refresh_token'])
      await app.nest.inject({ method: 'POST', url: '/oauth/token', headers, payload: `grant_type=${grant}` });
    const said = (await app.rows()).map(({ payload }) => [payload.error, payload.reason, payload.ip]);
    expect(said).toEqual([
      ...Array<string[]>(4).fill(['invalid_request', 'request_invalid', '127.0.0.1']),
      [compressed.body.error, 'request_invalid', '127.0.0.1'],
      ['unsupported_grant_type', 'request_invalid', '127.0.0.1'],
    ]);
  });

  it('RE-22 hands out nothing while the audit cannot be written, and goes on when it can', async () => {
    const token = app.tokenOf(ALICE);
    await app.owner.query('ALTER TABLE exchange.outbox RENAME TO elsewhere');
    try {
      const { status, headers, text, body } = await app.exchange(token);
      expect(status).toBe(503);
      expect(body).toMatchObject({ error: 'temporarily_unavailable', error_details: { reason: 'audit_unavailable' } });
      expect(headers['retry-after']).toBe('2');
      expect(text).not.toContain('cnry_at');
    } finally {
      await app.owner.query('ALTER TABLE exchange.elsewhere RENAME TO outbox');
    }
    expect((await app.exchange(token)).status).toBe(200);
  });

  it('L4 writes one row for a caller that is told to wait, and one of how often it came all the same', async () => {
    for (let times = 0; times < 20; times += 1) {
      const { status, headers, body } = await app.exchange('cnry_too_many');
      expect([status, headers['retry-after'], body.error]).toEqual([429, '30', 'too_many_requests']);
    }
    expect(await app.rows()).toHaveLength(1);
    await app.nest.get(RateRefusals).closeAll();
    const said = (await app.rows()).map(({ type, payload }) => [type, payload['reason'], payload['requests']]);
    const refused = ['strongroom.exchange.failed.v1', 'rate_limited'];
    expect(said).toEqual([
      [...refused, undefined],
      [...refused, 19],
    ]);
    await app.nest.get(RateRefusals).closeAll();
    expect(await app.rows()).toHaveLength(2);
  });
});

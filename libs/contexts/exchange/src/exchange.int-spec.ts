import { X509Certificate } from 'node:crypto';
import { ALICE, EDGE, type ExchangeApp, startExchange } from '../test/exchange-app.js';
import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE_GRANT, VAULT_GRANT } from './exchange.request.js';

/** Any certificate; it ended long ago, which nobody asks here. */
const CERTIFICATE = [
  'MIIBbTCCAROgAwIBAgIUNO2rmzOd1GxviR9L/EAC6mrJIAAwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjkxMjQw',
  'MjBaFw0yNjExMzAxMjQwMjBaMAwxCjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARor/NubGp5QqSMnn0iOKcd',
  'gbJLvl7lzbxxRuynOkY5AU0C4qEj5pILaKCY6BRBc3dJ059ru1/QWKT0jsASPvK0o1MwUTAdBgNVHQ4EFgQUbBHPfAzivxhaIun1',
  'uOAtLtmYJhYwHwYDVR0jBBgwFoAUbBHPfAzivxhaIun1uOAtLtmYJhYwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBF',
  'AiBNNHGtIPjajxmw0fR8L9wP+Ib8XU06qvjRhlfglSdE2QIhAIx3GIum8tT6w/nIRKUGzvDs705dMEq68JOYALi0Grxm',
].join('');
const BOB = { personId: '22222222-2222-4222-8222-222222222222', userId: 'auth0|bob', clientId: 'app' };

describe('the token endpoint', () => {
  let app: ExchangeApp;

  beforeAll(async () => {
    app = await startExchange();
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.clear());

  it('EX-01 and EX-15 answers with five members, uncached, after one row in the audit', async () => {
    const { status, headers, body } = await app.exchange(app.tokenOf(ALICE));
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(body).toEqual({
      access_token: `cnry_at_${ALICE.personId}`,
      token_type: 'Bearer',
      expires_in: 100,
      scope: 'read write',
      issued_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
    });
    const [row, ...others] = await app.rows();
    expect(others).toEqual([]);
    expect(row?.type).toBe('strongroom.exchange.succeeded.v1');
    expect(row?.payload).toMatchObject({ personId: ALICE.personId, accountId: 'cac_1', ip: '127.0.0.1' });
    expect(JSON.stringify(row)).not.toContain('cnry_');
  });

  it('X8 lets nothing out but the five members, whatever it was given', async () => {
    app.vault.more = {
      refreshToken: 'cnry_rt_x',
      idToken: 'cnry_it_x',
      refresh_token: 'cnry_rt_x',
      id_token: 'cnry_it_x',
    };
    const { text, body } = await app.exchange(app.tokenOf(ALICE));
    app.vault.more = {};
    const five = ['access_token', 'expires_in', 'issued_token_type', 'scope', 'token_type'];
    expect(Object.keys(body).sort()).toEqual(five);
    expect(text).not.toMatch(/cnry_[ri]t_x/);
    expect(JSON.stringify(await app.rows())).not.toContain('cnry_');
  });

  it('EX-15 tells every scope of the token, though the audit may not say each of them', async () => {
    const scopes = ['AbCdEf0123456789'.repeat(8), ...Array.from({ length: 250 }, (_, n) => `scope-${n}`)];
    app.vault.more = { scopes };
    const { status, body } = await app.exchange(app.tokenOf(ALICE));
    app.vault.more = {};
    expect([status, body.scope]).toEqual([200, scopes.join(' ')]);
    expect((await app.rows()).map(({ payload }) => payload['scopes'])).toEqual([scopes.slice(1, 201)]);
  });

  it('AD-01 answers plain RFC 8693 as the same exchange', async () => {
    const plain = { grant_type: TOKEN_EXCHANGE_GRANT, connection: '', audience: 'acme', requested_token_type: '' };
    const token = app.tokenOf(ALICE);
    const { status, headers, body } = await app.exchange(token, {
      ...plain,
      login_hint: 'x',
      scope: 'read',
      min_ttl: '60',
    });
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toMatchObject({ access_token: `cnry_at_${ALICE.personId}`, issued_token_type: ACCESS_TOKEN_TYPE });
    expect(app.subjects.asked).toMatchObject({ grantType: TOKEN_EXCHANGE_GRANT, subjectTokenType: 'refresh_token' });
    expect(app.vault.asked).toMatchObject([{ hint: 'x', scopes: ['read'], minimumSeconds: 60 }]);
    expect((await app.rows()).map(({ payload }) => payload['issuedTokenType'])).toEqual(['access_token']);
    const refused = await app.exchange(token, { ...plain, resource: 'https://api.example' });
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_target']);
    const unknown = await app.exchange(token, { ...plain, audience: 'nothing' });
    expect([unknown.status, unknown.body.error]).toEqual([400, 'invalid_target']);
  });

  it('EX-21 and S5 asks identity with the certificate and the address that a believed edge hands on', async () => {
    const headers = { 'client-cert': `:${CERTIFICATE}:`, 'x-forwarded-for': '203.0.113.7' };
    await app.exchange(app.tokenOf(ALICE), {}, { headers });
    expect(app.subjects.asked).toMatchObject({ certificate: null, ip: '127.0.0.1' });
    await app.exchange(app.tokenOf(ALICE), {}, { headers, remoteAddress: EDGE });
    const { certificate, ip } = app.subjects.asked!;
    expect([new X509Certificate(certificate!).raw.toString('base64'), ip]).toEqual([CERTIFICATE, '203.0.113.7']);
    for (const odd of ['203.0.113.7:5678', 'unknown']) {
      const said = { 'x-forwarded-for': odd };
      expect((await app.exchange(app.tokenOf(ALICE), {}, { headers: said, remoteAddress: EDGE })).status).toBe(200);
    }
    expect((await app.exchange(app.tokenOf(ALICE), {}, { remoteAddress: 'fe80::1%eth0' })).status).toBe(200);
    const recorded = ['127.0.0.1', '203.0.113.7', '203.0.113.7', null, 'fe80::1'];
    expect((await app.rows()).map(({ payload }) => payload['ip'])).toEqual(recorded);
  });

  it('PW-01 and PW-06 gives a worker what its grants list, and records what it is for', async () => {
    const jwt = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    const worker = (scopes: string[], connection = 'acme') =>
      app.tokenOf({ ...ALICE, worker: { auditContext: 'nightly report', grants: [{ connection, scopes }] } });
    const refused = async (token: string, more: Record<string, string> = {}) => {
      const { status, body, text } = await app.exchange(token, { ...jwt, ...more });
      expect(text).not.toContain('cnry_at');
      const { reason } = (body as { error_details?: { reason: string } }).error_details!;
      return [status, body.error, reason, body.error_description?.split(': ')[1]];
    };
    const token = worker(['read', 'write']);
    expect((await app.exchange(token, jwt)).status).toBe(200);
    expect(app.vault.asked.map(({ scopes }) => scopes)).toEqual([['read', 'write']]);
    expect((await app.exchange(token, { ...jwt, scope: 'write read' })).status).toBe(200);
    expect(app.vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true, true]); // no look ahead
    const asked = app.vault.asked.length;
    expect(await refused(token, { scope: 'read admin' })).toEqual([403, 'access_denied', 'worker_scope', 'admin']);
    expect(await refused(worker(['read'], 'other'))).toEqual([403, 'access_denied', 'worker_connection', 'acme']);
    expect(app.vault.asked).toHaveLength(asked);
    // The vault gave more.
    expect(await refused(worker(['read']))).toEqual([403, 'access_denied', 'worker_scope', 'write']);
    expect(await refused(worker([]))).toEqual([403, 'access_denied', 'worker_scope', 'read write']);
    const facts = { privilegedWorker: true, auditContext: 'nightly report', subjectTokenType: 'jwt' };
    const all = await app.rows();
    expect(all).toHaveLength(6);
    for (const { payload } of all) expect(payload).toMatchObject(facts);
    // Where the vault has answered it is certain whose account it was.
    expect(all.map(({ payload }) => payload['accountId'])).toEqual(['cac_1', 'cac_1', null, null, 'cac_1', 'cac_1']);
  });

  it('L1 writes one row for each of many callers at once', async () => {
    const token = app.tokenOf(ALICE);
    const answers = await Promise.all(Array.from({ length: 200 }, () => app.exchange(token)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const ids = (await app.rows()).map(({ payload }) => payload.exchangeId);
    expect(new Set(ids).size).toBe(200);
  });

  it('X9 asks who the subject is on every call: what was remembered hands nothing out', async () => {
    const token = app.tokenOf(ALICE);
    await app.exchange(token);
    app.subjects.people.set(token, BOB);
    expect((await app.exchange(token)).body.access_token).toBe(`cnry_at_${BOB.personId}`);
    app.subjects.people.delete(token);
    const refused = await app.exchange(token);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('cnry_at');
  });

  it('looks ahead for a known subject, and refreshes only once the subject is certain', async () => {
    const token = app.tokenOf(ALICE);
    await app.exchange(token);
    expect(app.vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true]);
    await app.exchange(token);
    expect(app.vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true, false]);
    app.vault.isFresh = false;
    await app.exchange(token);
    expect(app.vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true, false, false, true]);
    app.subjects.people.delete(token);
    await app.exchange(token);
    expect(app.vault.asked.filter(({ mayRefresh }) => mayRefresh)).toHaveLength(2);
  });

  it('ID-23 lets a page read the answer only if it belongs to the client that is named', async () => {
    const origin = 'https://app.example.com';
    const basic = (client: string) => `Basic ${Buffer.from(`${client}:cnry_secret`).toString('base64')}`;
    for (const [body, headers, mayRead] of [
      [{ grant_type: 'refresh_token', client_id: 'spa' }, { origin }, true],
      [{ grant_type: VAULT_GRANT, client_id: 'spa' }, { origin }, true], // a refusal
      [{ grant_type: 'refresh_token' }, { origin, authorization: basic('spa') }, true],
      [{ grant_type: 'refresh_token', client_id: 'other' }, { origin }, false],
      [{ grant_type: 'refresh_token' }, { origin, authorization: basic('other') }, false],
      [{ grant_type: 'refresh_token', client_id: 'spa' }, { origin: 'https://foreign.example' }, false],
      [{ grant_type: 'refresh_token' }, { origin }, false],
      [{ grant_type: 'refresh_token', client_id: 'spa' }, {}, false],
    ] as const) {
      const { headers: said } = await app.nest.inject({
        method: 'POST',
        url: '/oauth/token',
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify(body),
      });
      expect([body, headers, said['access-control-allow-origin']]).toEqual([
        body,
        headers,
        mayRead ? origin : undefined,
      ]);
      expect(said['vary']).toBe('Origin');
    }
  });

  it('GR-18 hands every other grant on as the bytes that came', async () => {
    const payload = 'grant_type=refresh_token&odd=%E4&twice=1&twice=2&+=';
    const { body } = await app.nest.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload,
    });
    expect(body).toBe(payload);
  });
});

import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Clients,
  ConnectionDirectory,
  type ConnectionView,
  type IssuedToken,
  type Subject,
  type SubjectRequest,
  SubjectTokens,
  TokenVault,
  type WantedToken,
} from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, OtherGrants, prepareHttp, PublicUrl, serveCors, WebOrigins } from '@strongroom/http';
import { createLogger, LOGGER } from '@strongroom/observability';
import { migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import pg from 'pg';
import { exchangeDatabase } from './exchange.database.js';
import { ExchangeModule } from './exchange.module.js';
import { VAULT_GRANT } from './exchange.request.js';

/** Any certificate; it ended long ago, which nobody asks here. */
const CERTIFICATE = [
  'MIIBbTCCAROgAwIBAgIUNO2rmzOd1GxviR9L/EAC6mrJIAAwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjkxMjQw',
  'MjBaFw0yNjExMzAxMjQwMjBaMAwxCjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARor/NubGp5QqSMnn0iOKcd',
  'gbJLvl7lzbxxRuynOkY5AU0C4qEj5pILaKCY6BRBc3dJ059ru1/QWKT0jsASPvK0o1MwUTAdBgNVHQ4EFgQUbBHPfAzivxhaIun1',
  'uOAtLtmYJhYwHwYDVR0jBBgwFoAUbBHPfAzivxhaIun1uOAtLtmYJhYwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBF',
  'AiBNNHGtIPjajxmw0fR8L9wP+Ib8XU06qvjRhlfglSdE2QIhAIx3GIum8tT6w/nIRKUGzvDs705dMEq68JOYALi0Grxm',
].join('');
const EDGE = '10.0.0.1';
const ALICE = { personId: '11111111-1111-4111-8111-111111111111', userId: 'auth0|alice', clientId: 'app' };
const BOB = { personId: '22222222-2222-4222-8222-222222222222', userId: 'auth0|bob', clientId: 'app' };

/** Says whom each subject token belongs to, as `identity` would at this moment. */
class SaidSubjects extends SubjectTokens {
  readonly people = new Map<string, Subject>();
  /** The last request. */
  asked: SubjectRequest | undefined;

  validate(request: SubjectRequest): Promise<Subject> {
    const { subjectToken } = request;
    this.asked = request;
    if (subjectToken === 'cnry_too_many')
      return Promise.reject(new VaultError('wait', { code: 'too_many_requests', status: 429, retryAfter: 30 }));
    const subject = this.people.get(subjectToken);
    if (subject) return Promise.resolve(subject);
    const details = { reason: 'subject_revoked' };
    return Promise.reject(
      new VaultError('Unknown or invalid refresh token.', { code: 'invalid_grant', status: 403, details }),
    );
  }
}

class SaidConnections extends ConnectionDirectory {
  readonly views = new Map<string, Partial<ConnectionView>>([['acme', {}]]);

  byName(name: string): Promise<ConnectionView | null> {
    const view = this.views.get(name);
    const usual = { connectionId: 'con_acme', name, vaultActive: true, enabledForClient: true };
    return Promise.resolve(view ? ({ ...usual, ...view } as ConnectionView) : null);
  }
  byId = () => Promise.resolve(null);
  ofClient = () => Promise.resolve([]);
  credentials = () => Promise.resolve(null);
  deleted = () => Promise.resolve(null);
}

/** Hands out a token that names its person, and keeps what it was asked. */
class AskedVault extends TokenVault {
  asked: WantedToken[] = [];
  isFresh = true;

  accessToken(wanted: WantedToken): Promise<IssuedToken | null> {
    this.asked.push(wanted);
    if (!this.isFresh && !wanted.mayRefresh) return Promise.resolve(null);
    return Promise.resolve({
      accessToken: `cnry_at_${wanted.personId}`,
      expiresIn: 100,
      expiresAt: new Date().toISOString(),
      scopes: ['read', 'write'],
      connectionId: 'con_acme',
      accountId: 'cac_1',
      tokensetId: 'ts_1',
      refreshed: !this.isFresh,
    });
  }
  redeem = () => Promise.reject(new Error('not part of an exchange'));
  pushAuthorization = () => Promise.reject(new Error('not part of an exchange'));
  redeemed = () => Promise.resolve(null);
  list = () => Promise.resolve([]);
  delete = () => Promise.resolve(false);
  revocations = () => Promise.resolve([]);
}

class EchoedGrants extends OtherGrants {
  async answer(_request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    response.setHeader('content-type', 'text/plain');
    response.end(body);
    return Promise.resolve();
  }
}

/** `spa` has a page at one origin. */
class OneWebOrigin extends Clients {
  get = () => Promise.resolve(null);
  override isWebOrigin(origin: string, clientId: string | null): Promise<boolean> {
    return Promise.resolve(origin === 'https://app.example.com' && (clientId ?? 'spa') === 'spa');
  }
}

@Global()
@Module({})
class Ports {
  static of(given: Record<'subjects' | 'directory' | 'vault', object>): DynamicModule {
    const providers = [
      { provide: SubjectTokens, useValue: given.subjects },
      { provide: ConnectionDirectory, useValue: given.directory },
      { provide: TokenVault, useValue: given.vault },
      { provide: OtherGrants, useClass: EchoedGrants },
      { provide: Clients, useClass: OneWebOrigin },
      { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
      { provide: LOGGER, useValue: createLogger('silent') },
    ];
    return { module: Ports, providers, exports: providers.map(({ provide }) => provide) };
  }
}

interface Answered {
  access_token?: string;
  error?: string;
  error_description?: string;
}

interface Row {
  type: string;
  payload: Record<string, unknown>;
}

describe('the token endpoint', () => {
  const subjects = new SaidSubjects();
  const directory = new SaidConnections();
  const vault = new AskedVault();
  let postgres: TestService;
  let owner: pg.Client;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    postgres = await testPostgres();
    owner = new pg.Client({ connectionString: postgres.url });
    await owner.connect();
    await owner.query('DROP SCHEMA IF EXISTS exchange CASCADE');
    await migrate(exchangeDatabase(postgres.url));
    const options = {
      ...{ logger: createLogger('silent'), isHttps: true },
      ...{ certificateHeader: 'Client-Cert', trustedProxies: [EDGE] },
    };
    @Module({
      imports: [Ports.of({ subjects, directory, vault }), ExchangeModule.forRoot({ databaseUrl: postgres.url })],
    })
    class App {}
    app = await NestFactory.create<NestFastifyApplication>(App, httpAdapter(options), {
      bodyParser: false,
      logger: false,
    });
    prepareHttp(app, options);
    serveCors(app, new WebOrigins(app.get(Clients)));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(async () => {
    await app?.close();
    await owner?.end();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await owner.query('DELETE FROM exchange.outbox');
    vault.asked = [];
    vault.isFresh = true;
  });

  let serial = 0;
  const tokenOf = (subject: Subject): string => {
    const token = `cnry_rt_${(serial += 1)}`;
    subjects.people.set(token, subject);
    return token;
  };
  const exchange = async (
    subjectToken: string,
    more: Record<string, string> = {},
    { remoteAddress = '127.0.0.1', headers = {} }: { remoteAddress?: string; headers?: Record<string, string> } = {},
  ) => {
    const answer = await app.inject({
      ...{ method: 'POST', url: '/oauth/token', remoteAddress },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams({
        grant_type: VAULT_GRANT,
        subject_token: subjectToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
        requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
        connection: 'acme',
        ...more,
      }).toString(),
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: answer.json<Answered>() };
  };
  const rows = async () => (await owner.query<Row>('SELECT type, payload FROM exchange.outbox ORDER BY position')).rows;

  it('EX-01 and EX-15 answers with five members, uncached, after one row in the audit', async () => {
    const { status, headers, body } = await exchange(tokenOf(ALICE));
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(body).toEqual({
      access_token: `cnry_at_${ALICE.personId}`,
      token_type: 'Bearer',
      expires_in: 100,
      scope: 'read write',
      issued_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
    });
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row?.type).toBe('strongroom.exchange.succeeded.v1');
    expect(row?.payload).toMatchObject({ personId: ALICE.personId, accountId: 'cac_1', ip: '127.0.0.1' });
    expect(JSON.stringify(row)).not.toContain('cnry_');
  });

  it('EX-21 and S5 asks identity with the certificate and the address that a believed edge hands on', async () => {
    const headers = { 'client-cert': `:${CERTIFICATE}:`, 'x-forwarded-for': '203.0.113.7' };
    await exchange(tokenOf(ALICE), {}, { headers });
    expect(subjects.asked).toMatchObject({ certificate: null, ip: '127.0.0.1' });
    await exchange(tokenOf(ALICE), {}, { headers, remoteAddress: EDGE });
    const { certificate, ip } = subjects.asked!;
    expect([new X509Certificate(certificate!).raw.toString('base64'), ip]).toEqual([CERTIFICATE, '203.0.113.7']);
    expect((await rows()).map(({ payload }) => payload['ip'])).toEqual(['127.0.0.1', '203.0.113.7']);
  });

  it('PW-01 and PW-06 gives a worker what its grants list, and records what it is for', async () => {
    const jwt = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    const worker = (scopes: string[], connection = 'acme') =>
      tokenOf({ ...ALICE, worker: { auditContext: 'nightly report', grants: [{ connection, scopes }] } });
    const refused = async (token: string, more: Record<string, string> = {}) => {
      const { status, body, text } = await exchange(token, { ...jwt, ...more });
      expect(text).not.toContain('cnry_at');
      return [status, body.error, (body as { error_details?: { reason: string } }).error_details?.reason];
    };
    const token = worker(['read', 'write']);
    expect((await exchange(token, jwt)).status).toBe(200);
    expect(vault.asked.map(({ scopes }) => scopes)).toEqual([['read', 'write']]);
    expect((await exchange(token, { ...jwt, scope: 'write read' })).status).toBe(200);
    expect(vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true, true]); // no look ahead
    const asked = vault.asked.length;
    expect(await refused(token, { scope: 'read admin' })).toEqual([403, 'access_denied', 'worker_scope']);
    expect(await refused(worker(['read'], 'other'))).toEqual([403, 'access_denied', 'worker_connection']);
    expect(vault.asked).toHaveLength(asked);
    for (const less of [['read'], []])
      expect(await refused(worker(less))).toEqual([403, 'access_denied', 'worker_scope']); // the vault gave more
    const facts = { privilegedWorker: true, auditContext: 'nightly report', subjectTokenType: 'jwt' };
    const all = await rows();
    expect(all).toHaveLength(6);
    for (const { payload } of all) expect(payload).toMatchObject(facts);
  });

  it('L4 writes no row for a caller that is told to wait', async () => {
    const { status, headers, body } = await exchange('cnry_too_many');
    expect([status, headers['retry-after'], body.error]).toEqual([429, '30', 'too_many_requests']);
    expect(await rows()).toEqual([]);
  });

  it('RE-22 hands out nothing while the audit cannot be written, and goes on when it can', async () => {
    const token = tokenOf(ALICE);
    await owner.query('ALTER TABLE exchange.outbox RENAME TO elsewhere');
    try {
      const { status, headers, text, body } = await exchange(token);
      expect(status).toBe(503);
      expect(body).toMatchObject({ error: 'temporarily_unavailable', error_details: { reason: 'audit_unavailable' } });
      expect(headers['retry-after']).toBe('2');
      expect(text).not.toContain('cnry_at');
    } finally {
      await owner.query('ALTER TABLE exchange.elsewhere RENAME TO outbox');
    }
    expect((await exchange(token)).status).toBe(200);
  });

  it('L1 writes one row for each of many callers at once', async () => {
    const token = tokenOf(ALICE);
    const answers = await Promise.all(Array.from({ length: 200 }, () => exchange(token)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const ids = (await rows()).map(({ payload }) => payload.exchangeId);
    expect(new Set(ids).size).toBe(200);
  });

  it('RE-19 records a refusal with its reason, and one that could not be read', async () => {
    await exchange('cnry_nobody');
    await exchange(tokenOf(ALICE), { connection: '' });
    expect((await rows()).map(({ payload }) => [payload.error, payload.reason])).toEqual([
      ['invalid_grant', 'subject_revoked'],
      ['invalid_request', 'request_invalid'],
    ]);
  });

  it('RE-07 gives the same bytes for a connection that is not there and one not enabled', async () => {
    directory.views.set('closed', { enabledForClient: false });
    directory.views.set('off', { vaultActive: false });
    const unknown = await exchange(tokenOf(ALICE), { connection: 'nothing' });
    expect(unknown.status).toBe(400);
    expect((await exchange(tokenOf(ALICE), { connection: 'closed' })).text).toBe(unknown.text);
    const off = await exchange(tokenOf(ALICE), { connection: 'off' });
    expect(off.body.error_description).toBe('Token Vault is not enabled for the provided connection');
    expect(vault.asked).toEqual([]);
  });

  it('X9 asks who the subject is on every call: what was remembered hands nothing out', async () => {
    const token = tokenOf(ALICE);
    await exchange(token);
    subjects.people.set(token, BOB);
    expect((await exchange(token)).body.access_token).toBe(`cnry_at_${BOB.personId}`);
    subjects.people.delete(token);
    const refused = await exchange(token);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('cnry_at');
  });

  it('looks ahead for a known subject, and refreshes only once the subject is certain', async () => {
    const token = tokenOf(ALICE);
    await exchange(token);
    expect(vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true]);
    await exchange(token);
    expect(vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true, false]);
    vault.isFresh = false;
    await exchange(token);
    expect(vault.asked.map(({ mayRefresh }) => mayRefresh)).toEqual([true, false, false, true]);
    subjects.people.delete(token);
    await exchange(token);
    expect(vault.asked.filter(({ mayRefresh }) => mayRefresh)).toHaveLength(2);
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
      const { headers: said } = await app.inject({
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
    const { body } = await app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload,
    });
    expect(body).toBe(payload);
  });
});

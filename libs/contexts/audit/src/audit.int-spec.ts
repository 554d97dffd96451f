import { randomUUID } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Bearer,
  type BearerIdentity,
  Clients,
  ConnectionDirectory,
  connectionUpdated,
  exchangeFailed,
  exchangeSucceeded,
  tokensetRevoked,
} from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import {
  busDatabase,
  InProcessMessaging,
  InProcessMessagingModule,
  messagingMigrations,
  MessagingModule,
  Outbox,
  type OutboxEntry,
} from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { type ContextDatabase, contextDatabase, DatabaseModule, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { auditDatabase } from './audit.database.js';
import { AuditModule } from './audit.module.js';

const PERSON = '7a4ecf0e-4a3c-4c3b-9d0c-3f1f4b8f2a11';
const logger = createLogger('silent');

class OneConnection extends ConnectionDirectory {
  byName = () => Promise.resolve(null);
  byId = async (id: string) => (id === 'con_google' ? ({ name: 'google-oauth2' } as never) : null);
  ofClient = () => Promise.resolve([]);
  credentials = () => Promise.resolve(null);
  deleted = () => Promise.resolve(null);
}

class OneClient extends Clients {
  get = async (id: string) => (id === 'app1' ? ({ name: 'Calendar helper' } as never) : null);
  isWebOrigin = () => Promise.resolve(false);
}

/** The token says which scopes it has. */
class ScopesAsTold extends Bearer {
  override async check(_api: unknown, token: { authorization: string | null }): Promise<BearerIdentity> {
    if (!token.authorization) throw new VaultError('Missing authentication', { code: 'invalid_token', status: 401 });
    const scopes = [token.authorization.replace('Bearer ', '')];
    return { personId: null, userId: null, clientId: 'admin', scopes, sessionId: null, jkt: null };
  }
}

const exchangeId = () => `ex_${randomUUID()}`;
const succeeded = (id = exchangeId()): OutboxEntry => ({
  contract: exchangeSucceeded,
  id,
  sequence: 1,
  data: {
    exchangeId: id,
    clientId: 'app1',
    personId: PERSON,
    userId: 'auth0|u1',
    connectionId: 'con_google',
    accountId: 'cac_1',
    tokensetId: 'ts_1',
    subjectTokenType: 'refresh_token',
    issuedTokenType: 'federated-connection-access-token',
    scopes: ['openid', 'calendar'],
    expiresAt: '2030-01-01T00:00:00.000Z',
    tokenThumbprint: 'x'.repeat(43),
    refreshed: false,
    privilegedWorker: false,
    auditContext: null,
    ip: '127.0.0.1',
    actor: { kind: 'client', id: 'app1' },
  },
});
const failed = (id = exchangeId()): OutboxEntry => ({
  contract: exchangeFailed,
  id,
  sequence: 1,
  data: {
    exchangeId: id,
    clientId: 'app1',
    personId: PERSON,
    userId: 'auth0|u1',
    connectionId: 'con_gone',
    accountId: null,
    subjectTokenType: 'access_token',
    error: 'federated_connection_refresh_token_not_found',
    reason: 'tokenset_not_found',
    privilegedWorker: false,
    auditContext: 'nightly run',
    ip: null,
    actor: { kind: 'client', id: 'app1' },
  },
});
const connectionChanged = (sequence: number, kind: 'system' | 'client'): OutboxEntry => ({
  contract: connectionUpdated,
  id: 'con_google',
  sequence,
  data: {
    connectionId: 'con_google',
    name: 'google-oauth2',
    strategy: 'oauth2',
    vaultActive: true,
    loginActive: false,
    enabledClientCount: 1,
    tokenOrigin: null,
    changed: ['options'],
    actor: kind === 'client' ? { kind, id: 'app1' } : { kind },
  },
});

describe('audit', () => {
  let postgres: TestService;
  let app: NestFastifyApplication;
  let messaging: InProcessMessaging;
  let ledger: DataSource;
  const speakers = new Map<string, { database: DataSource; outbox: Outbox }>();

  const speaker = (context: string): ContextDatabase => ({
    url: postgres.url,
    schema: context,
    entities: [],
    migrations: messagingMigrations,
  });

  beforeAll(async () => {
    postgres = await testPostgres();
    const url = postgres.url;
    const speaking = ['exchange', 'connections', 'tokensets'];
    for (const database of [busDatabase(url), auditDatabase(url), ...speaking.map(speaker)]) await migrate(database);

    @Global()
    @Module({
      providers: [
        { provide: ConnectionDirectory, useClass: OneConnection },
        { provide: Clients, useClass: OneClient },
        { provide: Bearer, useClass: ScopesAsTold },
        { provide: PublicUrl, useValue: new PublicUrl('http://127.0.0.1') },
      ],
      exports: [ConnectionDirectory, Clients, Bearer, PublicUrl],
    })
    class Ports {}
    @Module({ imports: [DatabaseModule.forContext(speaker('exchange')), MessagingModule.forContext('exchange')] })
    class ExchangeSpeaks {}
    @Module({ imports: [DatabaseModule.forContext(speaker('connections')), MessagingModule.forContext('connections')] })
    class ConnectionsSpeaks {}
    @Module({ imports: [DatabaseModule.forContext(speaker('tokensets')), MessagingModule.forContext('tokensets')] })
    class TokensetsSpeaks {}

    const module = await Test.createTestingModule({
      imports: [
        Ports,
        InProcessMessagingModule.forRoot({
          url,
          logger,
          policy: { retryAfterMs: [1, 1, 1, 1], waitMs: { least: 1, most: 2 } },
        }),
        AuditModule.forRoot({ databaseUrl: url }),
        ExchangeSpeaks,
        ConnectionsSpeaks,
        TokensetsSpeaks,
      ],
    }).compile();
    const http = { logger, isHttps: false };
    app = module.createNestApplication<NestFastifyApplication>(httpAdapter(http), { bodyParser: false, logger: false });
    prepareHttp(app, http);
    messaging = app.get(InProcessMessaging);
    await messaging.start(app);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    ledger = await new DataSource(contextDatabase(auditDatabase(url))).initialize();
    for (const context of speaking)
      speakers.set(context, {
        database: await new DataSource(contextDatabase(speaker(context))).initialize(),
        outbox: new Outbox(context),
      });
  }, 120_000);

  afterAll(async () => {
    await app?.close();
    await ledger?.destroy();
    for (const { database } of speakers.values()) await database.destroy();
    await postgres?.stop();
  });

  const say = async (context: string, events: OutboxEntry[]) => {
    const { database, outbox } = speakers.get(context)!;
    await database.transaction((tx) => outbox.addAll(tx, events));
  };
  const lines = () =>
    ledger.query<{ n: string; event_id: string; headers: Record<string, string>; data: string }[]>(
      'SELECT n::text, event_id, headers, data::text FROM ledger ORDER BY ledger.n',
    );
  const read = async <Body extends object = Record<string, never>>(url: string, scope = 'read:logs') => {
    const answer = await app.inject({ url, headers: { authorization: `Bearer ${scope}` } });
    return { status: answer.statusCode, body: answer.json<Body>() };
  };

  it('E21 takes everything that is said, once, numbered without gaps and in order per key', async () => {
    const count = 2500;
    for (let i = 0; i < 5; i++)
      await say(
        'exchange',
        Array.from({ length: count / 5 }, () => succeeded()),
      );
    for (let i = 1; i <= 20; i++) await say('connections', [connectionChanged(i, 'system')]);
    await messaging.settled();

    const all = await lines();
    expect(all.map(({ n }) => Number(n))).toEqual(Array.from({ length: count + 20 }, (_, i) => i + 1));
    const sequences = all.filter(({ headers }) => headers['ce_subject'] === 'con_google');
    expect(sequences.map(({ headers }) => Number(headers['ce_sequence']))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    // A start reads on from the offsets that were stored with the lines.
    expect(
      await ledger.query(
        `SELECT max("offset") = (SELECT max("offset") FROM bus.bus_log) AS read FROM consumer_offsets`,
      ),
    ).toEqual([{ read: true }]);
  }, 60_000);

  it('E4 keeps one entry of an event that is delivered again, and no gap for it', async () => {
    const before = (await lines()).length;
    await say('exchange', [succeeded(), succeeded()]);
    await messaging.settled();
    await ledger.query(`INSERT INTO bus.bus_log (topic, partition, key, headers, value)
      SELECT topic, partition, key, headers, value FROM bus.bus_log ORDER BY "offset" DESC LIMIT 2`);
    await say('exchange', [succeeded()]);
    await messaging.settled();
    const all = await lines();
    expect(all).toHaveLength(before + 3);
    expect(Number(all.at(-1)!.n)).toBe(before + 3);
    expect(await ledger.query('SELECT * FROM parked_events')).toEqual([]);
  });

  it('E21 parks the one bad event of a batch and takes all the others', async () => {
    const before = (await lines()).length;
    await ledger.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtext('strongroom:bus'))`);
      await tx.query(`INSERT INTO bus.bus_log (topic, partition, key, headers, value)
        SELECT topic, partition, key, jsonb_set(headers::jsonb, '{ce_id}', to_jsonb(gen_random_uuid()::text))::json,
          CASE WHEN row_number() OVER () = 500 THEN '{"half":' ELSE value END
        FROM (SELECT * FROM bus.bus_log WHERE topic LIKE '%exchanges%' ORDER BY "offset" LIMIT 999) l`);
      await tx.query(`SELECT pg_notify('strongroom_bus', '')`);
    });
    await messaging.settled();
    expect(await lines()).toHaveLength(before + 998);
    expect(await ledger.query('SELECT consumer, error_class FROM parked_events')).toEqual([
      { consumer: 'strongroom.audit', error_class: 'MalformedEventError' },
    ]);
  }, 30_000);

  it.each(['UPDATE ledger SET name = name', 'DELETE FROM ledger', 'TRUNCATE ledger'])(
    'L2 refuses to change what is written: %s',
    async (statement) => {
      await expect(ledger.query(statement)).rejects.toThrow('only ever added to');
    },
  );

  it('shows a successful exchange as seta, and nothing that could be a token', async () => {
    const event = succeeded();
    await say('exchange', [event]);
    await messaging.settled();
    const { status, body } = await read('/api/v2/logs?take=1');
    expect(status).toBe(200);
    expect(body).toEqual({
      logs: [
        {
          log_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          date: expect.stringMatching(/^\d{4}-.+Z$/),
          type: 'seta',
          description: expect.any(String),
          client_id: 'app1',
          client_name: 'Calendar helper',
          connection: 'google-oauth2',
          user_id: 'auth0|u1',
          ip: '127.0.0.1',
          details: {
            token_broker: 'token_vault',
            subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
            issued_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
            scope: 'openid calendar',
            expires_at: '2030-01-01T00:00:00.000Z',
            token_thumbprint: 'x'.repeat(43),
            is_privileged_worker: false,
            audit_context: null,
          },
        },
      ],
      next: expect.any(String),
    });
  });

  it('shows a refused exchange as feta with its reason, found again by its id', async () => {
    await say('exchange', [failed()]);
    await messaging.settled();
    const { body } = await read<[{ log_id: string }]>('/api/v2/logs?per_page=1');
    const [entry] = body;
    expect(entry).toMatchObject({
      type: 'feta',
      connection: 'con_gone',
      ip: null,
      details: {
        failure_reason: 'tokenset_not_found',
        error: 'federated_connection_refresh_token_not_found',
        audit_context: 'nightly run',
      },
    });
    expect((await read(`/api/v2/logs/${entry.log_id}`)).body).toEqual(entry);
    expect((await read(`/api/v2/logs/${randomUUID()}`)).body).toMatchObject({
      statusCode: 404,
      errorCode: 'inexistent_log',
    });
    expect((await read('/api/v2/logs/nothing')).status).toBe(404);
  });

  it('P4 shows what became of the tokens of a disconnected account at their provider', async () => {
    const outcome = { outcome: 'failed', effect: null, attempts: 97, code: 'temporarily_unavailable' } as const;
    const data = {
      tokensetId: 'ts_gone',
      personId: PERSON,
      userId: null,
      connectionId: 'con_google',
      accountId: 'cac_gone',
      status: 'deleted',
      ...outcome,
      actor: { kind: 'system' },
    } as const;
    await say('tokensets', [{ contract: tokensetRevoked, id: 'ts_gone', sequence: 3, data }]);
    await messaging.settled();
    const { body } = await read('/api/v2/logs?per_page=1');
    expect(body).toMatchObject([
      {
        type: 'connected_accounts_revocation',
        connection: 'google-oauth2',
        details: { connected_account: { id: 'cac_gone' }, tokenset: { id: 'ts_gone' }, ...outcome },
      },
    ]);
  });

  it('shows a change by a client as sapi, and none that the program made itself', async () => {
    await say('connections', [connectionChanged(21, 'client'), connectionChanged(22, 'system')]);
    await messaging.settled();
    const { body } = await read('/api/v2/logs?per_page=1');
    expect(body).toMatchObject([{ type: 'sapi', client_id: 'app1', connection: 'google-oauth2' }]);
    expect(body).toMatchObject([{ details: { event: 'connection.updated', changed: ['options'] } }]);
  });

  it('lists newest first and walks to the end by checkpoints', async () => {
    const seen: string[] = [];
    let from = '';
    do {
      const { body } = await read<{ logs: { log_id: string }[]; next?: string }>(`/api/v2/logs?take=100${from}`);
      const { logs, next } = body;
      seen.push(...logs.map(({ log_id: id }) => id));
      from = next ? `&from=${next}` : '';
    } while (from);
    const all = await ledger.query<{ event_id: string }[]>(
      `SELECT event_id FROM ledger WHERE name <> 'connection.updated' OR actor_kind = 'client' ORDER BY ledger.n DESC`,
    );
    expect(seen).toEqual(all.map(({ event_id: id }) => id));
    expect((await read('/api/v2/logs?include_totals=true&per_page=2')).body).toMatchObject({
      start: 0,
      limit: 2,
      total: all.length,
    });
  }, 30_000);

  it('is read with read:logs only', async () => {
    expect((await read('/api/v2/logs', 'read:users')).status).toBe(403);
    expect((await app.inject({ url: '/api/v2/logs' })).statusCode).toBe(401);
  });
});

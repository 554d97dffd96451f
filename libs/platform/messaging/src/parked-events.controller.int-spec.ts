import { Controller, Global, Module } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Bearer, type BearerIdentity, connectionUpdated, type WireEvent } from '@strongroom/contracts';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import { contextDatabase, type ContextDatabase, DatabaseModule, migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { connection, logger, newKey } from './conformance/delivery-bench.js';
import { Delivery } from './delivery.js';
import { busDatabase } from './in-process/bus-database.js';
import { InProcessMessaging } from './in-process/in-process-messaging.js';
import { InProcessMessagingModule } from './in-process/in-process-messaging.module.js';
import { MessagingModule } from './messaging.module.js';
import { CreateMessaging1700000000000 } from './migrations/1700000000000-create-messaging.js';
import { OnEvent } from './on-event.js';
import { Outbox } from './outbox.js';

let broken = true;
/** Sequence numbers in the order in which they were handled at last. */
const handled: number[] = [];

@Controller()
class TokensetsWhenConnectionUpdated {
  @OnEvent(connectionUpdated, 'tokensets')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    await delivery.transaction(() => (broken ? Promise.reject(new TypeError('broken')) : Promise.resolve()));
    handled.push(connectionUpdated.read(wire).sequence);
  }
}

/** Hears the same events and has no trouble with them. */
@Controller()
class ConnectionsWhenConnectionUpdated {
  @OnEvent(connectionUpdated, 'connections')
  async handle(@Payload() _wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    await delivery.transaction(() => Promise.resolve());
  }
}

/** The token says which scope it has. */
class ScopesAsTold extends Bearer {
  override async check(_api: unknown, token: { authorization: string | null }): Promise<BearerIdentity> {
    const scopes = [String(token.authorization).replace('Bearer ', '')];
    return { personId: null, userId: null, clientId: 'admin', scopes, sessionId: null, jkt: null };
  }
}

describe('parked events over HTTP', () => {
  let postgres: TestService;
  let app: NestFastifyApplication;
  let connections: DataSource;
  const database = (schema: string): ContextDatabase => ({
    url: postgres.url,
    schema,
    entities: [],
    migrations: [CreateMessaging1700000000000],
  });

  beforeAll(async () => {
    postgres = await testPostgres();
    for (const one of [busDatabase(postgres.url), database('connections'), database('tokensets')]) await migrate(one);
    connections = await new DataSource(contextDatabase(database('connections'))).initialize();

    @Global()
    @Module({
      providers: [
        { provide: Bearer, useClass: ScopesAsTold },
        { provide: PublicUrl, useValue: new PublicUrl('http://127.0.0.1') },
      ],
      exports: [Bearer, PublicUrl],
    })
    class Ports {}
    @Module({
      imports: [DatabaseModule.forContext(database('connections')), MessagingModule.forContext('connections')],
      controllers: [ConnectionsWhenConnectionUpdated],
    })
    class Connections {}
    @Module({
      imports: [DatabaseModule.forContext(database('tokensets')), MessagingModule.forContext('tokensets')],
      controllers: [TokensetsWhenConnectionUpdated],
    })
    class Tokensets {}
    const policy = { retryAfterMs: [], waitMs: { least: 1, most: 2 } };
    const messaging = InProcessMessagingModule.forRoot({ url: postgres.url, logger, policy, operatorApi: true });
    const module = await Test.createTestingModule({ imports: [Ports, Connections, Tokensets, messaging] }).compile();
    const http = { logger, isHttps: false };
    app = module.createNestApplication<NestFastifyApplication>(httpAdapter(http), { bodyParser: false, logger: false });
    prepareHttp(app, http);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await app.get(InProcessMessaging).start(app);
  });

  afterAll(async () => {
    await app?.close();
    await connections?.destroy();
    await postgres?.stop();
  });

  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, scope: string) => {
    const url = `/api/v2/events/${path}`;
    const { statusCode, body } = await app.inject({ method, url, headers: { authorization: `Bearer ${scope}` } });
    return { status: statusCode, body: (body ? JSON.parse(body) : null) as Record<string, unknown> };
  };
  const park = async (times: number): Promise<string> => {
    const key = newKey();
    for (let sequence = 1; sequence <= times; sequence++)
      await connections.transaction((tx) =>
        new Outbox('connections').add(tx, connectionUpdated, { id: key, sequence, data: connection(key) }),
      );
    await app.get(InProcessMessaging).settled();
    return key;
  };
  const parkedOf = async (key: string) =>
    (await call('GET', `tokensets/parked?key=${key}`, 'read:events')).body['parked'] as { id: string }[];

  beforeEach(() => void (broken = true));

  it('AD-14 lists them, without the event itself, there and nowhere else', async () => {
    const key = await park(2);
    const { body } = await call('GET', `tokensets/parked?key=${key}&take=1`, 'read:events');
    expect(body).toEqual({
      parked: [
        {
          id: expect.stringMatching(/^\d+$/),
          consumer: 'strongroom.tokensets',
          topic: 'strongroom.connections.v1',
          key,
          event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          type: 'strongroom.connection.updated.v1',
          sequence: 1,
          error_class: 'TypeError',
          tries: 1,
          parked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.+Z$/),
        },
      ],
      next: expect.any(String),
    });
    const rest = await call('GET', `tokensets/parked?key=${key}&from=${String(body['next'])}`, 'read:events');
    expect(rest.body).toMatchObject({ parked: [{ sequence: 2, error_class: 'ParkedBehind' }] });
    const elsewhere = await call('GET', `connections/parked?key=${key}`, 'read:events');
    expect(elsewhere).toEqual({ status: 200, body: { parked: [] } });
  });

  it('E8 AD-14 replays the key of one of them, in order', async () => {
    const [key, other] = [await park(3), await park(1)];
    const [first] = await parkedOf(key);
    expect((await call('POST', `tokensets/parked/${first!.id}/replay`, 'update:events')).body).toEqual({
      replayed: 0,
      parked: 3,
    });
    broken = false;
    expect(await call('POST', `tokensets/parked/${first!.id}/replay`, 'update:events')).toEqual({
      status: 200,
      body: { replayed: 3, parked: 0 },
    });
    expect(handled).toEqual([1, 2, 3]);
    expect(await parkedOf(key)).toEqual([]);
    expect(await parkedOf(other)).toHaveLength(1);
  });

  it('AD-14 drops one for a reason, and none without', async () => {
    const [one] = await parkedOf(await park(1));
    const path = `tokensets/parked/${one!.id}`;
    expect((await call('DELETE', path, 'update:events')).status).toBe(400);
    expect((await call('DELETE', `${path}?reason=made%20good%20by%20hand`, 'update:events')).status).toBe(204);
    expect((await call('DELETE', `${path}?reason=again`, 'update:events')).body).toMatchObject({
      errorCode: 'inexistent_parked_event',
    });
  });

  it('AD-14 knows no other context, no other id, and asks for scopes', async () => {
    expect((await call('GET', 'exchange/parked', 'read:events')).status).toBe(404);
    expect((await call('POST', 'tokensets/parked/999999/replay', 'update:events')).status).toBe(404);
    expect((await call('GET', 'tokensets/parked', 'read:logs')).status).toBe(403);
  });
});

import { Controller, type INestApplication, Module } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { connectionUpdated, type WireEvent } from '@strongroom/contracts';
import { httpAdapter } from '@strongroom/http';
import { type ContextDatabase, DatabaseModule, migrate } from '@strongroom/persistence';
import { testKafka, testPostgres, type TestService, whereThereIs } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { connection, logger, newKey, until } from '../conformance/delivery-bench.js';
import { KafkaUnderTest } from '../conformance/kafka-transport.js';
import { BatchDelivery } from '../delivery.js';
import { MessagingModule } from '../messaging.module.js';
import { CreateMessaging1700000000000 } from '../migrations/1700000000000-create-messaging.js';
import { OnEveryEvent } from '../on-event.js';
import { Outbox } from '../outbox.js';
import { KafkaMessaging } from './kafka-messaging.js';
import { KafkaMessagingModule } from './kafka-messaging.module.js';

/** What the ledger was given, batch by batch. */
let batches: string[][] = [];

@Controller()
class RecordWhenAnythingHappened {
  @OnEveryEvent('audit', { contracts: [connectionUpdated] })
  async handle(@Payload() wires: WireEvent[], @Ctx() delivery: BatchDelivery): Promise<void> {
    await delivery.transaction((_tx, events) => {
      batches.push(events.map((wire) => connectionUpdated.read(wire).subject));
      return Promise.resolve();
    });
    expect(wires.length).toBeGreaterThan(0);
  }
}

const broker = await testKafka();

whereThereIs(broker, 'Kafka', 'messaging over Kafka', () => {
  let postgres: TestService;
  let kafka: KafkaUnderTest;
  const running = new Set<INestApplication>();
  const database = (schema: string): ContextDatabase => ({
    url: postgres.url,
    schema,
    entities: [],
    migrations: [CreateMessaging1700000000000],
  });
  /** One process with one context, as the apps are put together. */
  const start = async (context: string, brokers = broker!.url): Promise<INestApplication> => {
    @Module({
      imports: [DatabaseModule.forContext(database(context)), MessagingModule.forContext(context)],
      controllers: context === 'audit' ? [RecordWhenAnythingHappened] : [],
      exports: [DatabaseModule],
    })
    class Context {}
    const messaging = KafkaMessagingModule.forRoot({
      url: postgres.url,
      brokers: brokers.split(','),
      topicPrefix: kafka.topicPrefix,
      logger,
    });
    const module = await Test.createTestingModule({ imports: [Context, messaging] }).compile();
    const app = module.createNestApplication(httpAdapter({ logger, isHttps: false }), { logger: false });
    await app.init();
    await app.get(KafkaMessaging).start(app);
    running.add(app);
    return app;
  };
  const stop = async (app: INestApplication) => {
    running.delete(app);
    await app.close();
  };
  const heard = () => batches.flat();
  const say = async (app: INestApplication, keys: readonly string[]) => {
    const events = keys.map((key) => ({ contract: connectionUpdated, id: key, sequence: 1, data: connection(key) }));
    await app.get(DataSource).transaction((tx) => new Outbox('connections').addAll(tx, events));
  };

  beforeAll(async () => {
    postgres = await testPostgres();
    for (const schema of ['connections', 'audit']) await migrate(database(schema));
    kafka = new KafkaUnderTest(broker!.url);
    await (await kafka.transport()).stop();
  });
  afterEach(async () => {
    for (const app of running) await stop(app);
    batches = [];
  });
  afterAll(async () => {
    await postgres?.stop();
    await broker?.stop();
  });

  it('carries what one process says to another, in batches, and shows no lag when all is read', async () => {
    const connections = await start('connections');
    const keys = Array.from({ length: 500 }, newKey);
    await say(connections, keys);
    await until(async () => (await connections.get(DataSource).query('SELECT 1 FROM outbox LIMIT 1')).length === 0);
    const audit = await start('audit');
    await until(() => heard().length === 500);
    expect(new Set(heard())).toEqual(new Set(keys));
    expect(batches.length).toBeLessThan(500);
    for (const app of [connections, audit]) await until(() => app.get(KafkaMessaging).state().connected);
    await until(async () => (await kafka.topics.lag(['audit', 'exchange'])).get('audit') === 0);
    expect((await kafka.topics.lag(['exchange'])).get('exchange')).toBeNull();
  });

  it('reads on from where the effects lie, whatever the broker believes', async () => {
    const connections = await start('connections');
    await kafka.client.asAdmin((admin) => admin.deleteGroups([kafka.names.groupOf('audit')]));
    const audit = await start('audit');
    const key = newKey();
    await say(connections, [key]);
    await until(() => heard().length > 0);
    expect(heard()).toEqual([key]);
    await stop(audit);

    await connections.get(DataSource).query('TRUNCATE audit.consumer_offsets');
    await start('audit');
    await until(() => heard().length === 502);
  });

  it('starts and stops while no broker is there, and says so', async () => {
    const app = await start('audit', '127.0.0.1:1');
    expect(app.get(KafkaMessaging).state()).toEqual({ connected: false, producer: false, consumer: false });
    await stop(app);
  });
});

/*
 * A process that is one consumer over Kafka, to be killed: node endurance-consumer.js <postgres> <brokers> <prefix>
 */
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { connectionUpdated, type WireEvent } from '@strongroom/contracts';
import { createLogger } from '@strongroom/observability';
import { contextDatabase } from '@strongroom/persistence';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { Delivery } from '../delivery.js';
import { KafkaClient } from '../kafka/kafka.js';
import { KafkaEventServer } from '../kafka/kafka-event-server.js';
import { KafkaNames } from '../kafka/kafka-names.js';
import { OnEvent } from '../on-event.js';

const [url, brokers, prefix] = process.argv.slice(2) as [string, string, string];

/** Every call leaves a row, an event leaves one effect: `effects` says what was done, `calls` how often. */
@Controller()
class CountWhenConnectionUpdated {
  @OnEvent(connectionUpdated, 'connected-accounts')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { id, subject, sequence } = connectionUpdated.read(wire);
    await delivery.transaction(async (tx) => {
      await tx.query(
        `WITH called AS (INSERT INTO calls (event_id) VALUES ($1))
         INSERT INTO effects (event_id, key, sequence) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [id, subject, sequence],
      );
    });
  }
}

@Module({ controllers: [CountWhenConnectionUpdated] })
class Handlers {}

const logger = createLogger('warn');
const database = await new DataSource(
  contextDatabase({ url, schema: 'connected_accounts', entities: [], migrations: [], poolSize: 4 }),
).initialize();
const strategy = new KafkaEventServer({
  databases: () => new Map([['connected-accounts', database]]),
  logger,
  client: new KafkaClient({ brokers: brokers.split(','), logger }),
  names: new KafkaNames(prefix),
  sessionTimeoutMs: 6000,
});
const app = await NestFactory.createMicroservice(Handlers, { strategy, logger: false });
await app.listen();

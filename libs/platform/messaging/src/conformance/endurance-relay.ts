/*
 * A process that is one relay over Kafka, to be killed: node endurance-relay.js <postgres> <brokers> <prefix>
 */
import { createLogger } from '@strongroom/observability';
import { contextDatabase } from '@strongroom/persistence';
import { DataSource } from 'typeorm';
import { KafkaClient } from '../kafka/kafka.js';
import { KafkaBus } from '../kafka/kafka-bus.js';
import { KafkaNames } from '../kafka/kafka-names.js';
import { OutboxRelay } from '../outbox-relay.js';

const [url, brokers, prefix] = process.argv.slice(2) as [string, string, string];
const logger = createLogger('warn');
const database = await new DataSource(
  contextDatabase({ url, schema: 'connections', entities: [], migrations: [], poolSize: 2 }),
).initialize();
const bus = new KafkaBus(new KafkaClient({ brokers: brokers.split(','), logger }), new KafkaNames(prefix), logger);
new OutboxRelay('connections', database, bus, logger).start();

import { randomUUID } from 'node:crypto';
import { type Consumer, KafkaClient, type KafkaClientOptions } from '../kafka/kafka.js';
import { KafkaBus } from '../kafka/kafka-bus.js';
import { KafkaEventServer } from '../kafka/kafka-event-server.js';
import { KafkaNames } from '../kafka/kafka-names.js';
import { KafkaTopics } from '../kafka/kafka-topics.js';
import { GROUPS, logger, TOPIC, type Transport } from './delivery-bench.js';

class LosesOffsets extends KafkaClient {
  lost = false;

  override consumer(...given: Parameters<KafkaClient['consumer']>): Consumer {
    const consumer = super.consumer(...given);
    const commitOffsets: Consumer['commitOffsets'] = (offsets) =>
      this.lost ? Promise.reject(new Error('killed before the offset was stored')) : consumer.commitOffsets(offsets);
    return { ...consumer, commitOffsets };
  }
}

/** Kafka under test: topics with a prefix of their own, so that runs share a broker. */
export class KafkaUnderTest {
  readonly topicPrefix = `test-${randomUUID().slice(0, 8)}`;
  readonly names = new KafkaNames(this.topicPrefix);
  readonly options: KafkaClientOptions;
  readonly topics: KafkaTopics;
  readonly client: KafkaClient;

  constructor(
    brokers: string,
    private readonly given: { socketFactory?: KafkaClientOptions['socketFactory']; sessionTimeoutMs?: number } = {},
  ) {
    const { socketFactory } = given;
    this.options = { brokers: brokers.split(','), logger, ...(socketFactory ? { socketFactory } : {}) };
    this.topics = new KafkaTopics({ ...this.options, topicPrefix: this.topicPrefix });
    this.client = new KafkaClient(this.options);
  }

  async transport(partitions = 12): Promise<Transport> {
    await this.topics.ensure({ partitions, replication: 1, historyDays: 30 });
    const bus = new KafkaBus(this.client, this.names, logger);
    return {
      bus,
      server: (options) => {
        const client = new LosesOffsets(this.options);
        const { sessionTimeoutMs = 6000 } = this.given;
        return Promise.resolve({
          strategy: new KafkaEventServer({ ...options, client, names: this.names, sessionTimeoutMs }),
          loseOffsets: () => void (client.lost = true),
          release: () => Promise.resolve(),
        });
      },
      forget: () => this.forget(),
      stop: () => bus.close(),
    };
  }

  /** As the groups' only member; the admin's way to set offsets takes five seconds a group. */
  private async forget(): Promise<void> {
    const topic = this.names.onBroker(TOPIC);
    const ends = await this.client.asAdmin((admin) => admin.fetchTopicOffsets(topic));
    const offsets = ends.map(({ partition, high: offset }) => ({ topic, partition, offset }));
    await Promise.all(
      GROUPS.map(async (group) => {
        const consumer = this.client.consumer(this.names.groupOf(group.slice('strongroom.'.length)));
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        const joined = new Promise<void>((done) => consumer.on(consumer.events.GROUP_JOIN, () => done()));
        await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
        await joined;
        await consumer.commitOffsets(offsets);
        await consumer.disconnect();
      }),
    );
  }
}

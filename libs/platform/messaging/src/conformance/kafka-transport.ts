import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Consumer,
  KafkaClient,
  type KafkaClientOptions,
  TOPIC_CONFIG,
  type TopicPartitionOffset,
} from '../kafka/kafka.js';
import { KafkaBus } from '../kafka/kafka-bus.js';
import { KafkaEventServer } from '../kafka/kafka-event-server.js';
import { KafkaNames } from '../kafka/kafka-names.js';
import { KafkaTopics } from '../kafka/kafka-topics.js';
import { GROUPS, logger, TOPIC, type Transport } from './delivery-bench.js';

export const SETTINGS = { partitions: 12, replication: 1, historyDays: 30 };
/** The least that a broker allows. */
export const SESSION_MS = 6000;
/** A machine that stands still for a moment must not cost its processes their partitions. */
const LONG_SESSION_MS = 30_000;

class WatchedClient extends KafkaClient {
  lost = false;

  constructor(
    options: KafkaClientOptions,
    private readonly joined: () => void,
  ) {
    super(options);
  }

  override consumer(...given: Parameters<KafkaClient['consumer']>): Consumer {
    const consumer = super.consumer(...given);
    consumer.on(consumer.events.GROUP_JOIN, this.joined);
    const commitOffsets: Consumer['commitOffsets'] = (offsets) =>
      this.lost ? Promise.reject(new Error('killed before the offset was stored')) : consumer.commitOffsets(offsets);
    return { ...consumer, commitOffsets };
  }
}

/** Kafka under test: topics with a prefix of their own, so that runs share a broker. */
export class KafkaUnderTest {
  readonly topicPrefix = `test-${randomUUID().slice(0, 8)}`;
  readonly names = new KafkaNames(this.topicPrefix);
  readonly topics: KafkaTopics;
  readonly client: KafkaClient;
  /** How often a consumer has joined its group: once each, and once more at each rebalance. */
  joins = 0;
  private readonly options: KafkaClientOptions;

  constructor(
    brokers: string,
    private readonly sessionTimeoutMs = LONG_SESSION_MS,
  ) {
    this.options = { brokers: brokers.split(','), logger };
    this.topics = new KafkaTopics({ ...this.options, topicPrefix: this.topicPrefix });
    this.client = new KafkaClient(this.options);
  }

  /** @param names under which its processes read: those of other groups than the usual ones see all from the start. */
  async transport(names = this.names): Promise<Transport> {
    await this.topics.ensure(SETTINGS);
    const bus = new KafkaBus(this.client, this.names, logger);
    return {
      bus,
      server: (options) => {
        const client = new WatchedClient(this.options, () => void this.joins++);
        return Promise.resolve({
          strategy: new KafkaEventServer({ ...options, client, names, sessionTimeoutMs: this.sessionTimeoutMs }),
          loseOffsets: () => void (client.lost = true),
          release: () => Promise.resolve(),
        });
      },
      forget: () => this.forget(),
      stop: () => bus.close(),
    };
  }

  /** Lets the cleaner work at once on what is there; it still takes its time. */
  async compact(topic: string): Promise<void> {
    const settings = { 'segment.ms': '500', 'min.cleanable.dirty.ratio': '0.001', 'min.compaction.lag.ms': '0' };
    await this.client.asAdmin((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: TOPIC_CONFIG,
            name: this.names.onBroker(topic),
            configEntries: Object.entries({ 'cleanup.policy': 'compact', ...settings }).map(([name, value]) => ({
              name,
              value,
            })),
          },
        ],
      }),
    );
  }

  /** As the groups' only member; the admin's way to set offsets takes five seconds a group. */
  private async forget(): Promise<void> {
    const topic = this.names.onBroker(TOPIC);
    const ends = await this.endsOf(topic);
    const offsets = ends.map(({ partition, high: offset }) => ({ topic, partition, offset }));
    await Promise.all(
      GROUPS.map(async (group) => {
        while (!(await this.movedTo(offsets, this.names.groupOf(group.slice('strongroom.'.length)))));
      }),
    );
  }

  /** @returns false if the consumer crashed first: a broker that has just started coordinates no group yet. */
  private async movedTo(offsets: TopicPartitionOffset[], group: string): Promise<boolean> {
    const consumer = this.client.consumer(group);
    const joined = new Promise<boolean>((settle) => {
      consumer.on(consumer.events.GROUP_JOIN, () => settle(true));
      consumer.on(consumer.events.CRASH, () => settle(false));
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [this.names.onBroker(TOPIC)], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
      if (!(await joined)) return false;
      await consumer.commitOffsets(offsets);
      return true;
    } catch {
      await sleep(200);
      return false;
    } finally {
      await consumer.disconnect();
    }
  }

  /** A broker that has just started is not the leader of anything yet. */
  private async endsOf(topic: string): Promise<{ partition: number; high: string }[]> {
    for (;;)
      try {
        return await this.client.asAdmin((admin) => admin.fetchTopicOffsets(topic));
      } catch {
        await sleep(200);
      }
  }
}

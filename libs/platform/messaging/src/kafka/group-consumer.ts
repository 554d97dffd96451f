import type { Logger } from '@strongroom/observability';
import type { Subscription } from '../event-server.js';
import { pause, Slots, within } from '../wait.js';
import { lifeOf } from './consumer-life.js';
import type { Consumer, EachBatchPayload, KafkaClient } from './kafka.js';
import type { KafkaNames } from './kafka-names.js';
import { incomingRecord, sizeOf } from './kafka-record.js';
import { PartitionQueue, type PartitionWork } from './partition-queue.js';
import { type Assigned, storedOffsets } from './stored-offsets.js';

export interface GroupConsumerOptions {
  client: KafkaClient;
  names: KafkaNames;
  logger: Logger;
  signal: AbortSignal;
  sessionTimeoutMs?: number;
}

/** Between two lives of a consumer. */
const AGAIN_MS = { least: 250, most: 10_000 };
/** To leave the group takes a moment, and is vain while the broker is away. */
const STOP_MS = 5000;
/** Batches of a group lock each other out anyway; while one waits, the next grows. */
const BATCHES_AT_ONCE = 2;

/**
 * Reads for one group. The consumer only fills queues, one for each partition, and returns to the broker at once, so
 * that a partition that waits for an hour neither stops the others nor costs this process its membership.
 */
export class GroupConsumer {
  private queues = new Map<string, PartitionQueue>();
  private readonly turns: PartitionWork['turn'];
  private running: Promise<void> = Promise.resolve();
  private joined = false;

  constructor(
    private readonly subscription: Subscription,
    private readonly options: GroupConsumerOptions,
  ) {
    const slots = new Slots(BATCHES_AT_ONCE);
    this.turns = subscription.batches ? (work) => slots.run(work) : (work) => work();
  }

  get isConnected(): boolean {
    return this.joined;
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves once what is in hand has ended and its offset is stored. */
  stopped(): Promise<void> {
    return this.running;
  }

  private async run(): Promise<void> {
    const { logger, signal } = this.options;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.live(() => void (failures = 0));
      } catch (error) {
        if (!signal.aborted)
          logger.warn({ err: error, consumer: this.subscription.group.name }, 'Kafka cannot be read, trying again');
      }
      const longest = Math.min(AGAIN_MS.most, AGAIN_MS.least * 2 ** failures++);
      await pause(longest * (0.5 + Math.random() / 2), signal).catch(() => undefined);
    }
    await this.settled();
  }

  /** One consumer, from its connection until it fails or the server closes. */
  private async live(joined: () => void): Promise<void> {
    const { client, names, signal, sessionTimeoutMs } = this.options;
    const { group } = this.subscription;
    const consumer = client.consumer(names.groupOf(group.context), { sessionTimeoutMs });
    const ended = new AbortController();
    const life = lifeOf(consumer, signal, {
      leaving: () => this.drop(),
      joined: (assignment) => {
        joined();
        return this.assign(consumer, assignment, ended.signal);
      },
    });
    const read = async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: group.topics.map((topic) => names.onBroker(topic)), fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        eachBatch: (payload) => Promise.resolve(this.queue(consumer, payload)),
      });
      await life;
    };
    try {
      await Promise.race([read(), life]);
    } finally {
      this.drop();
      // The offset of what is in hand can only be stored by a member of the group.
      if (signal.aborted) await this.settled();
      ended.abort();
      await within(STOP_MS, consumer.disconnect(), 'the consumer did not stop').catch(() => undefined);
    }
  }

  /** What waits here comes again, to whom the partitions belong then. */
  private drop(): void {
    this.joined = false;
    for (const queue of this.queues.values()) queue.close();
  }

  private async assign(consumer: Consumer, given: Record<string, number[]>, ended: AbortSignal): Promise<void> {
    const { names, logger, signal } = this.options;
    if (ended.aborted || signal.aborted) return;
    this.drop();
    this.joined = true;
    const before = this.queues;
    const queues = new Map<string, PartitionQueue>();
    const assigned: Assigned[] = Object.entries(given).map(([topic, partitions]) => ({ topic, partitions }));
    for (const { topic, partitions } of assigned)
      for (const partition of partitions) {
        const name = nameOf(topic, partition);
        const work = this.workOf(consumer, topic, partition, () => this.queues === queues);
        queues.set(name, new PartitionQueue(work, before.get(name)?.ended()));
      }
    this.queues = queues;
    const { batches } = this.subscription;
    if (batches) {
      consumer.pause(assigned);
      await Promise.all([...before.values()].map((queue) => queue.ended()));
      const seek = await storedOffsets(batches, names, logger, ended);
      if (this.queues !== queues || ended.aborted) return;
      seek(consumer, assigned);
    }
    consumer.resume(assigned);
  }

  private workOf(consumer: Consumer, topic: string, partition: number, isMine: () => boolean): PartitionWork {
    const { deliverer, batches, group } = this.subscription;
    return {
      atOnce: batches ? group.batch! : 1,
      turn: this.turns,
      handle: (records) => (batches ? batches.deliverBatch(records) : deliverer.deliver(records[0]!)),
      commit: async (next) => {
        // Another process may have come further with the partition since.
        if (isMine()) await consumer.commitOffsets([{ topic, partition, offset: String(next) }]);
      },
      drained: () => {
        try {
          if (isMine()) consumer.resume([{ topic, partitions: [partition] }]);
        } catch {
          // It has just crashed; the next one pauses nothing.
        }
      },
      logger: this.options.logger,
    };
  }

  private queue(consumer: Consumer, payload: EachBatchPayload): void {
    const { topic, partition, messages } = payload.batch;
    if (payload.isStale()) return; // it was sought meanwhile
    const queue = this.queues.get(nameOf(topic, partition));
    if (!queue) throw new Error(`${topic} ${partition} is not assigned`);
    const inCode = this.options.names.inCode(topic);
    for (const message of messages) queue.add(incomingRecord(inCode, partition, message), sizeOf(message));
    if (queue.isFull) consumer.pause([{ topic, partitions: [partition] }]);
  }

  /** What is in hand has ended. */
  private async settled(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.ended()));
  }
}

const nameOf = (topic: string, partition: number): string => `${topic} ${partition}`;

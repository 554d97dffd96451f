import type { Logger } from '@strongroom/observability';
import type { BatchDeliverer } from '../batch-deliverer.js';
import type { Subscription } from '../event-server.js';
import { pause, Slots, within } from '../wait.js';
import { type Consumer, type EachBatchPayload, type KafkaClient } from './kafka.js';
import type { KafkaNames } from './kafka-names.js';
import { incomingRecord, sizeOf } from './kafka-record.js';
import { PartitionQueue, type PartitionWork } from './partition-queue.js';

export interface GroupConsumerOptions {
  client: KafkaClient;
  names: KafkaNames;
  logger: Logger;
  signal: AbortSignal;
  sessionTimeoutMs?: number;
}

interface Assigned {
  topic: string;
  partitions: number[];
}

/** Kafka's own name for the first record that there is. */
const EARLIEST = '-2';
/** Between two lives of a consumer. */
const AGAIN_MS = { least: 250, most: 10_000 };
/** A consumer that says nothing for so long is stuck; a rebalance takes up to a minute. */
const SILENCE_MS = 150_000;
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
      const life = new AbortController();
      try {
        await this.live(life, () => void (failures = 0));
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
  private async live(life: AbortController, joined: () => void): Promise<void> {
    const { client, names, signal, sessionTimeoutMs } = this.options;
    const { group } = this.subscription;
    const consumer = client.consumer(names.groupOf(group.context), { sessionTimeoutMs });
    const over = this.watch(consumer, life, joined);
    const read = async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: group.topics.map((topic) => names.onBroker(topic)), fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        eachBatch: async (payload) => this.queue(consumer, payload), // eslint-disable-line @typescript-eslint/require-await
      });
      await over;
    };
    try {
      await Promise.race([read(), over]);
    } finally {
      this.joined = false;
      for (const queue of this.queues.values()) queue.close();
      // The offset of what is in hand can only be stored by a member of the group.
      if (signal.aborted) await this.settled();
      life.abort();
      await within(STOP_MS, consumer.disconnect(), 'the consumer did not stop').catch(() => undefined);
    }
  }

  /** @returns what rejects when the consumer is of no more use, and resolves when the server closes. */
  private watch(consumer: Consumer, life: AbortController, joined: () => void): Promise<void> {
    const { GROUP_JOIN, REBALANCING, CRASH, FETCH, HEARTBEAT } = consumer.events;
    return new Promise<void>((closed, failed) => {
      const silence = setTimeout(() => failed(new Error('the consumer says nothing any more')), SILENCE_MS).unref();
      const end = () => {
        clearTimeout(silence);
        closed();
      };
      this.options.signal.addEventListener('abort', end, { signal: life.signal });
      if (this.options.signal.aborted) end();
      let between = true;
      consumer.on(REBALANCING, () => {
        between = true;
        this.joined = false;
        for (const queue of this.queues.values()) queue.close();
      });
      consumer.on(GROUP_JOIN, ({ payload }) => {
        // kafkajs joins within a fetch when it meets stale metadata. What other fetches bring then may lie beyond what
        // was dropped here, and would move the offset past it: only a new consumer is certain to begin in the right place.
        if (!between) {
          for (const queue of this.queues.values()) queue.close();
          return failed(new Error('the group was joined while records were under way'));
        }
        if (life.signal.aborted || this.options.signal.aborted) return;
        between = false;
        this.joined = true;
        joined();
        this.assign(consumer, payload.memberAssignment, life.signal).catch(failed);
      });
      consumer.on(CRASH, ({ payload }) => failed(payload.error));
      for (const sign of [FETCH, HEARTBEAT]) consumer.on(sign, () => void silence.refresh());
    });
  }

  private async assign(consumer: Consumer, given: Record<string, number[]>, life: AbortSignal): Promise<void> {
    const before = this.queues;
    for (const queue of before.values()) queue.close();
    const queues = new Map<string, PartitionQueue>();
    const assigned = Object.entries(given).map(([topic, partitions]) => ({ topic, partitions }));
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
      const offsets = await this.offsetsOf(batches, life);
      if (this.queues !== queues || life.aborted) return;
      this.seek(consumer, assigned, offsets);
    }
    consumer.resume(assigned);
  }

  /** Where the effects lie, there lie the offsets: what the broker knows of them is for those who look at the lag. */
  private seek(
    consumer: Consumer,
    assigned: Assigned[],
    offsets: Awaited<ReturnType<BatchDeliverer['offsets']>>,
  ): void {
    for (const { topic, partitions } of assigned)
      for (const partition of partitions) {
        const inCode = this.options.names.inCode(topic);
        const stored = offsets.find((one) => one.topic === inCode && one.partition === partition);
        consumer.seek({ topic, partition, offset: stored ? String(stored.offset + 1) : EARLIEST });
      }
  }

  private async offsetsOf(batches: BatchDeliverer, life: AbortSignal): ReturnType<BatchDeliverer['offsets']> {
    for (;;) {
      try {
        return await batches.offsets();
      } catch (error) {
        this.options.logger.warn({ err: error, consumer: this.subscription.group.name }, 'the offsets cannot be read');
        await pause(AGAIN_MS.least, life);
      }
    }
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
        if (isMine()) consumer.resume([{ topic, partitions: [partition] }]);
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

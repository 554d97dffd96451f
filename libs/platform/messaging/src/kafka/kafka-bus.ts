import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@strongroom/observability';
import type { EntityManager } from 'typeorm';
import { EventBus, type OutgoingRecord } from '../event-bus.js';
import { within } from '../wait.js';
import { DEADLINE_MS, type KafkaClient, type Producer } from './kafka.js';
import type { KafkaNames } from './kafka-names.js';

const AFTER_FAILURE_MS = 1000;
/** What goes to one partition is one record batch, and a broker takes none over a mebibyte. */
const PORTION_BYTES = 768 * 1024;

/**
 * Sends to the broker; a batch is handed over once every in-sync replica has it. A producer that failed once is not
 * trusted again: another is made, for as long as it takes, and until it is connected a batch fails at once.
 */
export class KafkaBus extends EventBus {
  private producer: Promise<Producer> | undefined;
  private closed = false;
  private connected = false;

  constructor(
    private readonly client: KafkaClient,
    private readonly names: KafkaNames,
    private readonly logger: Logger,
  ) {
    super();
  }

  get isConnected(): boolean {
    return this.connected;
  }

  /** Begins to connect; the first batch does so too. */
  connect(): Promise<Producer> {
    return (this.producer ??= this.open());
  }

  override async handOver(_tx: EntityManager, batch: readonly OutgoingRecord[]): Promise<void> {
    for (const records of portionsOf(batch)) await this.send(records);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.producer?.then((producer) => producer.disconnect()).catch(() => undefined);
    this.connected = false;
  }

  private async send(records: readonly OutgoingRecord[]): Promise<void> {
    const opened = this.connect();
    const producer = await opened;
    const sending = producer.sendBatch({
      acks: -1,
      timeout: DEADLINE_MS,
      topicMessages: records.map(({ topic, key, headers, value }) => ({
        topic: this.names.onBroker(topic),
        messages: [{ key, headers, value }],
      })),
    });
    try {
      await within(DEADLINE_MS, sending, 'Kafka did not acknowledge a batch in time');
    } catch (error) {
      this.discard(opened, sending);
      throw error;
    }
  }

  private discard(opened: Promise<Producer>, sending: Promise<unknown>): void {
    // Only after what is under way: it would connect the producer again.
    void sending
      .catch(() => undefined)
      .then(() => opened)
      .then((producer) => producer.disconnect())
      .catch(() => undefined);
    if (this.producer !== opened) return;
    this.connected = false;
    this.producer = undefined;
    if (!this.closed) this.connect().catch(() => undefined);
  }

  private async open(): Promise<Producer> {
    const producer = this.client.producer();
    try {
      await producer.connect();
      this.connected = true;
      return producer;
    } catch (error) {
      this.logger.warn({ err: error }, 'Kafka cannot be reached to send events, trying again');
      void this.reopen();
      throw error;
    }
  }

  private async reopen(): Promise<void> {
    await sleep(AFTER_FAILURE_MS, undefined, { ref: false });
    if (this.closed) return;
    this.producer = this.open();
    this.producer.catch(() => undefined); // logged
  }
}

/** In order; the broker would refuse what is too large as a whole, and the outbox would stand still for ever. */
function portionsOf(batch: readonly OutgoingRecord[]): OutgoingRecord[][] {
  const portions: OutgoingRecord[][] = [];
  let bytes = Infinity;
  for (const record of batch) {
    const size = sizeOf(record);
    if (bytes + size > PORTION_BYTES) {
      portions.push([]);
      bytes = 0;
    }
    portions.at(-1)!.push(record);
    bytes += size;
  }
  return portions;
}

const sizeOf = ({ key, value, headers }: OutgoingRecord): number =>
  Object.entries(headers).reduce(
    (sum, [name, text]) => sum + Buffer.byteLength(name) + Buffer.byteLength(text) + 4,
    Buffer.byteLength(key) + Buffer.byteLength(value) + 32,
  );

import { EventServer, type EventServerOptions, type Subscription } from '../event-server.js';
import { GroupConsumer } from './group-consumer.js';
import type { KafkaClient } from './kafka.js';
import type { KafkaNames } from './kafka-names.js';

export interface KafkaServerOptions extends EventServerOptions {
  client: KafkaClient;
  names: KafkaNames;
  /** After this a process that was killed loses its partitions to the others of its group. */
  sessionTimeoutMs?: number;
}

/** Reads from the broker for every group that has handlers here. A broker that is away is waited for, in the background. */
export class KafkaEventServer extends EventServer {
  private consumers: GroupConsumer[] = [];

  constructor(protected override readonly options: KafkaServerOptions) {
    super(options);
  }

  /** Whether every group has joined and reads. */
  get isConnected(): boolean {
    return this.consumers.every(({ isConnected }) => isConnected);
  }

  /** A new group begins at the first record there is: nothing can pass it by, whenever it joins. */
  protected override subscribe(subscriptions: readonly Subscription[], signal: AbortSignal): Promise<void> {
    const { client, names, logger, sessionTimeoutMs } = this.options;
    const given = { client, names, logger, signal, ...(sessionTimeoutMs ? { sessionTimeoutMs } : {}) };
    this.consumers = subscriptions.map((subscription) => new GroupConsumer(subscription, given));
    for (const consumer of this.consumers) consumer.start();
    return Promise.resolve();
  }

  protected override async unsubscribe(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stopped()));
  }
}

import { EventServer, type EventServerOptions, type Subscription } from '../event-server.js';
import type { Notifications } from '../notifications.js';
import { BatchReader } from './batch-reader.js';
import { GroupReader } from './group-reader.js';
import { BUS_CHANNEL, type InProcessBus } from './in-process-bus.js';

const CLEAN_EVERY_MS = 10 * 60_000;

export interface InProcessServerOptions extends EventServerOptions {
  bus: InProcessBus;
  notifications: Notifications;
}

/** Reads the log in Postgres for every group that has handlers here. */
export class InProcessEventServer extends EventServer {
  private readers: (GroupReader | BatchReader)[] = [];
  private cleaning: NodeJS.Timeout | undefined;
  private unlisten: (() => void) | undefined;

  constructor(protected override readonly options: InProcessServerOptions) {
    super(options);
  }

  protected override async subscribe(subscriptions: readonly Subscription[], signal: AbortSignal): Promise<void> {
    const { bus, notifications, logger } = this.options;
    for (const { group } of subscriptions) await bus.positions(group.name, group.topics);
    const given = { bus, notifications, logger, signal };
    this.readers = subscriptions.map(({ group, deliverer, batches }) =>
      batches ? new BatchReader({ ...given, group, batches }) : new GroupReader({ ...given, group, deliverer }),
    );
    this.unlisten = notifications.on(BUS_CHANNEL, (topics) => {
      for (const reader of this.readers) reader.grown(topics);
    });
    for (const reader of this.readers) reader.start();
    this.cleaning = setInterval(() => {
      bus.clean().catch((error: unknown) => logger.warn({ err: error }, 'the log could not be cleaned'));
    }, CLEAN_EVERY_MS).unref();
  }

  protected override async unsubscribe(): Promise<void> {
    clearInterval(this.cleaning);
    this.unlisten?.();
    await Promise.all(this.readers.map((reader) => reader.stopped()));
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { BeforeApplicationShutdown, INestApplication, OnApplicationShutdown } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Logger } from '@strongroom/observability';
import { contextDatabases } from '../context-databases.js';
import type { RetryPolicy } from '../deliverer.js';
import { Notifications } from '../notifications.js';
import { OUTBOX_CHANNEL } from '../outbox-insert.js';
import { OutboxRelay } from '../outbox-relay.js';
import { InProcessBus } from './in-process-bus.js';
import { InProcessEventServer } from './in-process-event-server.js';

export interface InProcessMessagingOptions {
  /** The database in which the contexts' schemas and the schema `bus` lie. */
  url: string;
  logger: Logger;
  policy?: Partial<RetryPolicy>;
}

/** Everything that moves events in a process that needs no broker: bus, relays and the server of the handlers. */
export class InProcessMessaging implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly server: InProcessEventServer;
  private readonly bus: InProcessBus;
  private readonly notifications: Notifications;
  private relays: { schema: string; relay: OutboxRelay }[] = [];

  constructor(
    private readonly options: InProcessMessagingOptions,
    private readonly modules: ModulesContainer,
  ) {
    const { url, logger, policy } = options;
    this.bus = new InProcessBus(url);
    this.notifications = new Notifications(url, logger);
    const databases = () => contextDatabases(this.modules);
    this.server = new InProcessEventServer({
      bus: this.bus,
      notifications: this.notifications,
      databases,
      logger,
      ...(policy ? { policy } : {}),
    });
  }

  /** Handlers listen before the first relay hands anything over: a new group hears everything from its first start. */
  async start(app: INestApplication): Promise<void> {
    await this.notifications.connect();
    app.connectMicroservice({ strategy: this.server });
    await app.startAllMicroservices();
    this.relays = [...contextDatabases(this.modules)].map(([context, database]) => ({
      schema: String((database.options as { schema?: string }).schema),
      relay: new OutboxRelay(context, database, this.bus, this.options.logger),
    }));
    this.notifications.on(OUTBOX_CHANNEL, (schema) => {
      for (const { schema: own, relay } of this.relays) if (!schema || schema === own) relay.wake();
    });
    for (const { relay } of this.relays) relay.start();
  }

  /** Resolves once every event said so far is handled or parked. For tests and demonstrations. */
  async settled(): Promise<void> {
    for (;;) {
      for (const { relay } of this.relays) await relay.drain();
      if (!(await this.anythingWaits()) && (await this.bus.isRead())) return;
      await sleep(20);
    }
  }

  /** Before the server closes, which Nest does next, and the databases, which close last. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.relays.map(({ relay }) => relay.stop()));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.notifications.close();
    await this.bus.close();
  }

  private async anythingWaits(): Promise<boolean> {
    for (const database of contextDatabases(this.modules).values())
      if ((await database.query<unknown[]>('SELECT 1 FROM outbox LIMIT 1')).length > 0) return true;
    return false;
  }
}

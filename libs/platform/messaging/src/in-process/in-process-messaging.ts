import { setTimeout as sleep } from 'node:timers/promises';
import type { BeforeApplicationShutdown, INestApplication, OnApplicationShutdown } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Logger } from '@strongroom/observability';
import { contextDatabases } from '../context-databases.js';
import { ContextRelays } from '../context-relays.js';
import type { RetryPolicy } from '../deliverer.js';
import { Notifications } from '../notifications.js';
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
  private readonly relays: ContextRelays;

  constructor({ url, logger, policy }: InProcessMessagingOptions, modules: ModulesContainer) {
    this.bus = new InProcessBus(url);
    this.notifications = new Notifications(url, logger);
    const databases = () => contextDatabases(modules);
    this.server = new InProcessEventServer({
      bus: this.bus,
      notifications: this.notifications,
      databases,
      logger,
      ...(policy ? { policy } : {}),
    });
    this.relays = new ContextRelays(modules, this.bus, this.notifications, logger);
  }

  /** Handlers listen before the first relay hands anything over: a new group hears everything from its first start. */
  async start(app: INestApplication): Promise<void> {
    await this.notifications.connect();
    app.connectMicroservice({ strategy: this.server });
    await app.startAllMicroservices();
    this.relays.start();
  }

  /** Resolves once every event said so far is handled or parked. For tests and demonstrations. */
  async settled(): Promise<void> {
    for (;;) {
      if ((await this.relays.drain()) && (await this.bus.isRead())) return;
      await sleep(20);
    }
  }

  /** Before the server closes, which Nest does next, and the databases, which close last. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.relays.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.notifications.close();
    await this.bus.close();
  }
}

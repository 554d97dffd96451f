import type { BeforeApplicationShutdown, INestApplication, OnApplicationShutdown } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Logger } from '@strongroom/observability';
import { contextDatabases } from '../context-databases.js';
import { ContextRelays } from '../context-relays.js';
import type { RetryPolicy } from '../deliverer.js';
import { Notifications } from '../notifications.js';
import { KafkaClient } from './kafka.js';
import { KafkaBus } from './kafka-bus.js';
import { KafkaEventServer } from './kafka-event-server.js';
import { KafkaNames } from './kafka-names.js';

export interface KafkaMessagingOptions {
  /** The database of the process's context: where its outbox lies. */
  url: string;
  brokers: readonly string[];
  topicPrefix: string;
  logger: Logger;
  policy?: Partial<RetryPolicy>;
  clientId?: string;
}

export interface KafkaState {
  /** Both. A process that is not connected serves its requests all the same; its events wait in the outbox. */
  connected: boolean;
  producer: boolean;
  consumer: boolean;
}

/** Everything that moves events between processes: relays, producer and the server of the handlers. */
export class KafkaMessaging implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly server: KafkaEventServer;
  private readonly bus: KafkaBus;
  private readonly notifications: Notifications;
  private readonly relays: ContextRelays;

  constructor(options: KafkaMessagingOptions, modules: ModulesContainer) {
    const { url, brokers, topicPrefix, logger, policy, clientId } = options;
    const client = new KafkaClient({ brokers, logger, ...(clientId ? { clientId } : {}) });
    const names = new KafkaNames(topicPrefix);
    this.bus = new KafkaBus(client, names, logger);
    this.notifications = new Notifications(url, logger);
    const databases = () => contextDatabases(modules);
    this.server = new KafkaEventServer({ client, names, databases, logger, ...(policy ? { policy } : {}) });
    this.relays = new ContextRelays(modules, this.bus, this.notifications, logger);
  }

  /** Needs the database, and no broker: one that is away is waited for in the background. */
  async start(app: INestApplication): Promise<void> {
    await this.notifications.connect();
    app.connectMicroservice({ strategy: this.server });
    await app.startAllMicroservices();
    this.bus.connect().catch(() => undefined); // it goes on trying
    this.relays.start();
  }

  state(): KafkaState {
    const [producer, consumer] = [this.bus.isConnected, this.server.isConnected];
    return { connected: producer && consumer, producer, consumer };
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

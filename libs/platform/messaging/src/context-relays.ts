import type { ModulesContainer } from '@nestjs/core';
import type { Logger } from '@strongroom/observability';
import { contextDatabases } from './context-databases.js';
import type { EventBus } from './event-bus.js';
import type { Notifications } from './notifications.js';
import { OUTBOX_CHANNEL } from './outbox-insert.js';
import { OutboxRelay } from './outbox-relay.js';

/** A relay for the outbox of every context of the process, woken when something is said. */
export class ContextRelays {
  private relays: { schema: string; relay: OutboxRelay }[] = [];

  constructor(
    private readonly modules: ModulesContainer,
    private readonly bus: EventBus,
    private readonly notifications: Notifications,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.relays = [...contextDatabases(this.modules)].map(([context, database]) => ({
      schema: String((database.options as { schema?: string }).schema),
      relay: new OutboxRelay(context, database, this.bus, this.logger),
    }));
    this.notifications.on(OUTBOX_CHANNEL, (schema) => {
      for (const { schema: own, relay } of this.relays) if (!schema || schema === own) relay.wake();
    });
    for (const { relay } of this.relays) relay.start();
  }

  /** Resolves once the batches on their way have been handed over. */
  async stop(): Promise<void> {
    await Promise.all(this.relays.map(({ relay }) => relay.stop()));
  }

  /** Hands over what waits. @returns whether nothing waits any more. */
  async drain(): Promise<boolean> {
    for (const { relay } of this.relays) await relay.drain();
    for (const database of contextDatabases(this.modules).values())
      if ((await database.query<unknown[]>('SELECT 1 FROM outbox LIMIT 1')).length > 0) return false;
    return true;
  }
}

import type { EventContract } from '@strongroom/contracts';
import type { EntityManager } from 'typeorm';
import { notifyingOutboxInsert, type OutboxEntry } from './outbox-insert.js';

/** Where a context says what happened. The event exists if and only if the caller's transaction commits. */
export class Outbox {
  constructor(private readonly context: string) {}

  /** Lock or version-check the thing's row first: the order of these calls within a key is the order of delivery. */
  add<Data>(
    tx: EntityManager,
    contract: EventContract<Data>,
    event: Omit<OutboxEntry<Data>, 'contract'>,
  ): Promise<void> {
    return this.addAll(tx, [{ contract, ...event }]);
  }

  /** One statement, whatever the number. */
  async addAll(tx: EntityManager, events: readonly OutboxEntry[]): Promise<void> {
    if (events.length === 0) return;
    const { text, values } = notifyingOutboxInsert(this.context, events);
    await tx.query(text, values);
  }
}

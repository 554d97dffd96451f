import type { Logger } from '@strongroom/observability';
import type { DataSource, EntityManager } from 'typeorm';
import { BatchDelivery, Delivery } from './delivery.js';
import { errorClass } from './failures.js';
import type { Group } from './group.js';
import { readingOf, wireOf } from './incoming.js';
import { ParkedEvents, type ParkedView } from './parked-events.js';

export interface Replayed {
  replayed: number;
  /** How many of these still wait. */
  parked: number;
}

/** What operators do with parked events of one group. Nothing is ever dropped by the program itself. */
export class ParkedOffice {
  private readonly parked: ParkedEvents;

  constructor(
    private readonly group: Group,
    private readonly database: DataSource,
    private readonly logger: Logger,
  ) {
    this.parked = new ParkedEvents(group.name);
  }

  get consumer(): string {
    return this.group.name;
  }

  list(page: { key?: string; after?: string; limit: number }): Promise<ParkedView[]> {
    return this.parked.list(this.database.manager, page);
  }

  async get(id: string): Promise<ParkedView | null> {
    const [found] = await this.parked.list(this.database.manager, { after: String(BigInt(id) - 1n), limit: 1 });
    return found?.id === id ? found : null;
  }

  /** In sequence, with the same event ids; each key stops at its first failure. */
  async replay(only?: { topic?: string; key?: string; id?: string }): Promise<Replayed> {
    const sum: Replayed = { replayed: 0, parked: 0 };
    for (const { topic, key, id } of await this.parked.keys(this.database)) {
      if (only?.topic !== undefined && only.topic !== topic) continue;
      if (only?.key !== undefined && only.key !== key) continue;
      if (only?.id !== undefined && only.id !== id) continue;
      const { replayed, parked } = await this.replayKey(topic, key, id);
      sum.replayed += replayed;
      sum.parked += parked;
    }
    return sum;
  }

  /** False: there is none. Whatever waits behind it in its key is the next to be replayed. */
  async drop(id: string, reason: string): Promise<boolean> {
    const [gone] = await this.database.query<[{ event_id: string | null; topic: string }[], number]>(
      'DELETE FROM parked_events WHERE id = $1 AND consumer = $2 RETURNING event_id, topic',
      [id, this.group.name],
    );
    for (const { event_id: eventId, topic } of gone)
      this.logger.warn({ consumer: this.group.name, topic, eventId, reason }, 'an operator dropped a parked event');
    return gone.length > 0;
  }

  /** Events that come meanwhile are parked behind: hence another look, until none is left. */
  private async replayKey(topic: string, key: string | null, id: string): Promise<Replayed> {
    let replayed = 0;
    for (;;) {
      const rows = await this.parked.rows(this.database, topic, key, id);
      if (rows.length === 0) return { replayed, parked: 0 };
      for (const [i, row] of rows.entries()) {
        try {
          if (await this.handle(row)) replayed++;
        } catch (error) {
          this.logger.error({ err: error, consumer: this.group.name, eventId: row.event_id }, 'a replay failed');
          await this.parked.failedAgain(this.database, row.id, errorClass(error));
          return { replayed, parked: rows.length - i };
        }
      }
    }
  }

  /** Effect and removal in one transaction. False: another replay had it. */
  private async handle(row: Awaited<ReturnType<ParkedEvents['rows']>>[number]): Promise<boolean> {
    const reading = readingOf({ ...row.event, key: row.event.headers['ce_subject'] ?? null }, this.group.contracts);
    if (reading.outcome !== 'handle') throw new Error(`the event cannot be read: drop it or mend it`);
    const wire = wireOf(row.event);
    let taken = false;
    const run = <T>(work: (tx: EntityManager) => Promise<T>): Promise<T> =>
      this.database.transaction(async (tx) => {
        taken = await this.parked.take(tx, row);
        if (!taken) throw new TakenError('another replay had it');
        return work(tx);
      });
    try {
      if (this.group.batch !== null) {
        const delivery = new BatchDelivery((work) => run((tx) => work(tx, [wire])));
        await this.group.call(reading.contract, [wire], delivery);
      } else {
        const delivery = new Delivery(run);
        await this.group.call(reading.contract, wire, delivery);
        await delivery.finish();
      }
    } catch (error) {
      if (error instanceof TakenError) return false;
      throw error;
    }
    return taken;
  }
}

/** The parked events of each context whose handlers run in this process. */
export abstract class ParkedOffices {
  /** Null: none of its handlers runs here. */
  abstract of(context: string): ParkedOffice | null;
}

class TakenError extends Error {}

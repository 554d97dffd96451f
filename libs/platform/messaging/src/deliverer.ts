import type { Logger } from '@strongroom/observability';
import type { DataSource, EntityManager } from 'typeorm';
import { Delivery } from './delivery.js';
import type { IncomingRecord } from './event-bus.js';
import { errorClass, verdict } from './failures.js';
import type { Group } from './group.js';
import { readingOf, wireOf } from './incoming.js';
import { ParkedBehindError, ServerClosingError } from './messaging.errors.js';
import { ParkedEvents } from './parked-events.js';
import { pause, Slots } from './wait.js';

export interface RetryPolicy {
  /** Pauses before the second and each further try; after the last the event is parked. */
  retryAfterMs: readonly number[];
  /** Bounds of the pause while a dependency is down. */
  waitMs: { least: number; most: number };
}

export const RETRY_POLICY: RetryPolicy = {
  retryAfterMs: [100, 500, 2000, 8000],
  waitMs: { least: 500, most: 30_000 },
};

/** Handlers of one group at a time: a context's few connections also serve its requests. */
const AT_ONCE = 3;

/** Hands one event at a time to a group's handlers and decides what a failure costs (`spec/events.md` §6). */
export class Deliverer {
  private readonly slots = new Slots(AT_ONCE);
  protected readonly parked: ParkedEvents;

  constructor(
    protected readonly group: Group,
    protected readonly database: DataSource,
    protected readonly policy: RetryPolicy,
    protected readonly logger: Logger,
    protected readonly signal: AbortSignal,
  ) {
    this.parked = new ParkedEvents(group.name);
  }

  /**
   * Returns once the event's effect is committed, or the event is parked, or it is none of this group's.
   *
   * @throws ServerClosingError if the server closes before: the offset must stay.
   */
  async deliver(record: IncomingRecord): Promise<void> {
    const reading = readingOf(record, this.group.contracts);
    if (reading.outcome === 'skip') return;
    if (reading.outcome === 'park') return this.park(reading.record, reading.errorClass, 0);
    await this.attempt(record, async () => {
      reading.contract.read(wireOf(record));
      const delivery = new Delivery((work) => this.unlessParked(record, work));
      await this.group.call(reading.contract, wireOf(record), delivery);
      await delivery.finish();
    });
  }

  /** Tries until it is done, parked or the server closes. */
  protected async attempt(record: IncomingRecord, work: () => Promise<void>): Promise<void> {
    for (let tries = 1, waits = 0; ;) {
      if (this.signal.aborted) throw new ServerClosingError('the server is closing');
      try {
        return await this.slots.run(work);
      } catch (error) {
        if (error instanceof ParkedBehindError) return;
        const judged = verdict(error);
        if (judged === 'wait') {
          this.logger.warn({ err: error, ...this.about(record) }, 'a dependency is down, the event waits');
          await this.wait(waits++);
        } else {
          const after = judged === 'park' ? undefined : this.policy.retryAfterMs[tries - 1];
          if (after === undefined) {
            this.logger.error({ err: error, tries, ...this.about(record) }, 'an event was parked');
            return this.park(record, errorClass(error), tries);
          }
          tries++;
          await pause(after, this.signal);
        }
      }
    }
  }

  /** What is stored in the transaction in which an event is handled or parked, if the offsets lie there too. */
  protected passed(_tx: EntityManager, _records: readonly IncomingRecord[]): Promise<void> {
    return Promise.resolve();
  }

  /** Exponential, with full jitter above the least. */
  protected wait(before: number): Promise<void> {
    const { least, most } = this.policy.waitMs;
    const longest = Math.min(most, least * 2 ** Math.min(before + 1, 16));
    return pause(least + Math.random() * (longest - least), this.signal);
  }

  protected about({ topic, headers }: IncomingRecord): Record<string, unknown> {
    return { consumer: this.group.name, topic, type: headers['ce_type'], eventId: headers['ce_id'] };
  }

  private async unlessParked<T>(record: IncomingRecord, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const done = await this.database.transaction(async (tx) => {
      if (!(await this.parked.isParked(tx, record))) return { result: await work(tx) };
      await this.parked.park(tx, record, 'ParkedBehind', 0);
      return undefined;
    });
    if (!done) throw new ParkedBehindError('an earlier event of the key is parked');
    return done.result;
  }

  protected async park(record: IncomingRecord, reason: string, tries: number): Promise<void> {
    for (let waits = 0; ;) {
      try {
        return await this.database.transaction(async (tx) => {
          await this.parked.park(tx, record, reason, tries);
          await this.passed(tx, [record]);
        });
      } catch (error) {
        this.logger.error({ err: error, ...this.about(record) }, 'an event could not be parked, trying again');
        await this.wait(waits++);
      }
    }
  }
}

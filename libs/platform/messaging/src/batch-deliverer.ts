import type { EntityManager } from 'typeorm';
import { Deliverer } from './deliverer.js';
import { BatchDelivery } from './delivery.js';
import type { IncomingRecord } from './event-bus.js';
import { verdict } from './failures.js';
import { type Reading, readingOf, wireOf } from './incoming.js';
import { ServerClosingError } from './messaging.errors.js';
import { keyOf } from './parked-events.js';

/** For consumers that keep up only in batches: effects, parked keys and offsets in one transaction. */
export class BatchDeliverer extends Deliverer {
  /** A batch that fails is done again event by event, so that a bad one parks its key only. */
  async deliverBatch(records: readonly IncomingRecord[]): Promise<void> {
    for (let waits = 0; ;) {
      if (this.signal.aborted) throw new ServerClosingError('the server is closing');
      try {
        return await this.handle(records);
      } catch (error) {
        if (verdict(error) !== 'wait') break;
        this.logger.warn({ err: error, consumer: this.group.name }, 'a dependency is down, the batch waits');
        await this.wait(waits++);
      }
    }
    for (const record of records) await this.attempt(record, () => this.handle([record]));
  }

  /** The offset of the last record of each partition; a start reads on from there. */
  protected override async passed(tx: EntityManager, records: readonly IncomingRecord[]): Promise<void> {
    const last = new Map(records.map((record) => [`${record.topic} ${record.partition}`, record]));
    const all = [...last.values()];
    await tx.query(
      `INSERT INTO consumer_offsets (consumer, topic, partition, "offset")
       SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[])
       ON CONFLICT (consumer, topic, partition) DO UPDATE SET "offset" = excluded."offset"`,
      [
        this.group.name,
        all.map(({ topic }) => topic),
        all.map(({ partition }) => partition),
        all.map(({ offset }) => offset),
      ],
    );
  }

  /** Where the group's own database says that it was. Empty: it has never read. */
  offsets(): Promise<{ topic: string; partition: number; offset: number }[]> {
    return this.database.query(
      'SELECT topic, partition, "offset"::float8 AS "offset" FROM consumer_offsets WHERE consumer = $1',
      [this.group.name],
    );
  }

  private async handle(records: readonly IncomingRecord[]): Promise<void> {
    const read = records.map((record) => ({ record, reading: readingOf(record, this.group.contracts) }));
    const good = read.flatMap(({ record, reading }) => (reading.outcome === 'handle' ? [record] : []));
    const wires = new Map(good.map((record) => [record, wireOf(record)]));
    const first = read.find(({ reading }) => reading.outcome === 'handle')?.reading;
    let committed = false;
    const delivery = new BatchDelivery((work) =>
      this.database.transaction(async (tx) => {
        if (committed) throw new Error('a delivery has one transaction');
        const behind = await this.parked.among(tx, good);
        await this.parkAll(tx, read, behind);
        const events = good.filter((record) => !behind.has(keyOf(record))).map((record) => wires.get(record)!);
        const result = await work(tx, events);
        await this.passed(tx, records);
        committed = true;
        return result;
      }),
    );
    if (first?.outcome === 'handle') await this.group.call(first.contract, [...wires.values()], delivery);
    if (!committed) await delivery.transaction(() => Promise.resolve());
  }

  private async parkAll(
    tx: EntityManager,
    read: readonly { record: IncomingRecord; reading: Reading }[],
    behind: ReadonlySet<string>,
  ): Promise<void> {
    for (const { record, reading } of read)
      if (reading.outcome === 'park') await this.parked.park(tx, reading.record, reading.errorClass, 0);
      else if (reading.outcome === 'handle' && behind.has(keyOf(record)))
        await this.parked.park(tx, record, 'ParkedBehind', 0);
  }
}

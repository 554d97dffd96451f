import type { Logger } from '@strongroom/observability';
import type { DataSource } from 'typeorm';
import { cloudEvent, type OutboxRow } from './cloud-event.js';
import type { EventBus, TakenRow } from './event-bus.js';
import { PARTS } from './key-hash.js';
import { Wakeup } from './wait.js';

const LOOK_EVERY_MS = 250;
const AFTER_FAILURE_MS = 1000;
const ROWS_OF_A_PART = 100;
/** First key of the advisory locks; the second is the schema's hash, in whose last four bits the part stands. */
const LOCKS = 7_307_001;

interface Pass {
  sent: number;
  isMore: boolean;
}
const NOTHING: Pass = { sent: 0, isMore: false };

function passOf(rows: readonly { part: number }[]): Pass {
  const ofPart = new Array<number>(PARTS).fill(0);
  for (const { part } of rows) ofPart[part]!++;
  return { sent: rows.length, isMore: ofPart.includes(ROWS_OF_A_PART) };
}

const KEYS = 'position, aggregatetype, aggregateid';
const WHOLE = `${KEYS}, id, type, sequence, payload::text, traceparent, created_at`;
const oldest = (columns: string): string =>
  `SELECT o.*, p.part FROM unnest($1::int[]) AS p(part) CROSS JOIN LATERAL (
     SELECT ${columns} FROM outbox WHERE outbox.part = p.part ORDER BY position LIMIT ${ROWS_OF_A_PART}) o
   ORDER BY o.position`;

/**
 * Takes what a context's outbox holds to the bus, oldest first. One relay at a time per part, by advisory lock:
 * `SKIP LOCKED` delivers a key's events out of order and reading by a last position loses some, both measured.
 */
export class OutboxRelay {
  private readonly wakeup = new Wakeup();
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly context: string,
    private readonly database: DataSource,
    private readonly bus: EventBus,
    private readonly logger: Logger,
  ) {}

  readonly wake = this.wakeup.wake;

  start(): void {
    this.stopping = false;
    this.running ??= this.loop();
  }

  /** Resolves once the batch on its way has been handed over. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
    this.running = undefined;
  }

  /** Hands over until nothing is waiting that no other relay has. @returns how many events went out. */
  async drain(): Promise<number> {
    let sum = 0;
    for (let { sent } = await this.pass(); sent > 0; { sent } = await this.pass()) sum += sent;
    return sum;
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      try {
        const { isMore } = await this.pass();
        if (!isMore) await this.wakeup.next(LOOK_EVERY_MS);
      } catch (error) {
        this.logger.warn({ err: error, context: this.context }, 'the outbox could not be handed over, trying again');
        await this.wakeup.next(AFTER_FAILURE_MS);
      }
    }
  }

  /**
   * `isMore`: a part had as many as are taken at once. Otherwise what comes meanwhile goes out together at the next look:
   * under load a pass for every hundred rows cost more than the rows.
   */
  private async pass(): Promise<Pass> {
    const waiting = await this.database.query<{ part: number }[]>(
      `SELECT part FROM generate_series(0, ${PARTS - 1}) AS p(part)
       WHERE EXISTS (SELECT FROM outbox WHERE outbox.part = p.part)`,
    );
    return waiting.length === 0 ? NOTHING : this.relay(waiting.map(({ part }) => part));
  }

  /** The locks are taken before the rows are looked at, so that the look sees what the relay before has deleted. */
  private relay(parts: number[]): Promise<Pass> {
    return this.database.transaction(async (tx) => {
      const mine = await tx.query<{ part: number }[]>(
        `SELECT part FROM unnest($1::int[]) AS p(part)
         WHERE pg_try_advisory_xact_lock(${LOCKS}, (hashtext(current_schema()) & ~15) | part)`,
        [parts],
      );
      const taken = mine.map(({ part }) => part);
      if (this.bus.takeOver) {
        const rows = await tx.query<(TakenRow & { part: number })[]>(oldest(KEYS), [taken]);
        if (rows.length > 0) await this.bus.takeOver(tx, this.context, rows);
        return passOf(rows);
      }
      const rows = await tx.query<(OutboxRow & { part: number })[]>(oldest(WHOLE), [taken]);
      if (rows.length === 0) return NOTHING;
      await this.bus.handOver(
        tx,
        rows.map((row) => cloudEvent(this.context, row)),
      );
      await tx.query('DELETE FROM outbox WHERE position = ANY($1::bigint[])', [rows.map(({ position }) => position)]);
      return passOf(rows);
    });
  }
}

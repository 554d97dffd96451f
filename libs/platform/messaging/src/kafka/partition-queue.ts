import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@strongroom/observability';
import type { IncomingRecord } from '../event-bus.js';
import { ServerClosingError } from '../messaging.errors.js';
import { Wakeup } from '../wait.js';

export interface PartitionWork {
  /** Most records handled at once. */
  atOnce: number;
  /** Lets a worker work: so many at a time in a group. */
  turn: <T>(work: () => Promise<T>) => Promise<T>;
  /** @throws ServerClosingError if the records are to be delivered again. */
  handle: (records: readonly IncomingRecord[]) => Promise<void>;
  /** Stores the offset of the next record. */
  commit: (next: number) => Promise<void>;
  /** There is room again. */
  drained: () => void;
  logger: Logger;
}

/** What of one partition may wait here; more is left at the broker. */
const FULL_BYTES = 512 * 1024;
const AFTER_FAILURE_MS = 250;
const IDLE_MS = 60_000;

/**
 * Records of one partition on their way to its handlers, for as long as this process has the partition. One worker
 * takes them in order: handled, then committed, then the next.
 */
export class PartitionQueue {
  private waiting: { record: IncomingRecord; bytes: number }[] = [];
  private bytes = 0;
  private closed = false;
  private readonly wakeup = new Wakeup();
  /** Handled here last; whether the broker knows is not certain. */
  private handled: ReadonlySet<string> = new Set();
  private readonly running: Promise<void>;

  /** @param before what the queue that this process had of the partition before has in hand: it ends first. */
  constructor(
    private readonly work: PartitionWork,
    before?: Promise<ReadonlySet<string>>,
  ) {
    this.running = this.run(before);
  }

  get isFull(): boolean {
    return this.bytes >= FULL_BYTES;
  }

  /** Nothing is taken any more once it is closed: the records come again, to whom the partition belongs then. */
  add(record: IncomingRecord, bytes: number): void {
    if (this.closed) return;
    this.waiting.push({ record, bytes });
    this.bytes += bytes;
    this.wakeup.wake();
  }

  /** Drops what waits. What is in hand goes on; `ended` says when it is done. */
  close(): void {
    this.closed = true;
    this.waiting = [];
    this.wakeup.wake();
  }

  /** @returns what was handled last: it may be delivered again. */
  async ended(): Promise<ReadonlySet<string>> {
    await this.running;
    return this.handled;
  }

  private async run(before: Promise<ReadonlySet<string>> | undefined): Promise<void> {
    this.handled = (await before) ?? this.handled;
    while (!this.closed) {
      const next = await this.work.turn(() => this.handleNext());
      if (next === 'idle') await this.wakeup.next(IDLE_MS);
      else if (next !== 'closed') await this.commit(next);
    }
  }

  private async handleNext(): Promise<number | 'idle' | 'closed'> {
    const records = this.take();
    const last = records.at(-1);
    if (!last) return 'idle';
    const fresh = records.filter((record) => !this.handled.has(nameOf(record)));
    for (let done = fresh.length === 0; !done;) {
      try {
        await this.work.handle(fresh);
        done = true;
      } catch (error) {
        if (error instanceof ServerClosingError || this.closed) return 'closed';
        this.work.logger.error({ err: error, topic: last.topic }, 'events could not be handled, trying again');
        await sleep(AFTER_FAILURE_MS);
      }
    }
    this.handled = new Set(records.map(nameOf));
    return last.offset + 1;
  }

  private take(): IncomingRecord[] {
    const wasFull = this.isFull;
    const taken = this.waiting.splice(0, this.work.atOnce);
    for (const { bytes } of taken) this.bytes -= bytes;
    if (wasFull && !this.isFull && !this.closed) this.work.drained();
    return taken.map(({ record }) => record);
  }

  /** Nothing is handled before the offset of what came before is stored, so that little comes twice. */
  private async commit(next: number): Promise<void> {
    for (;;) {
      try {
        return await this.work.commit(next);
      } catch (error) {
        if (this.closed) return; // it is delivered again, here or elsewhere
        this.work.logger.debug({ err: error }, 'an offset could not be stored, trying again');
        await sleep(AFTER_FAILURE_MS);
      }
    }
  }
}

/** The id too: a topic that was made anew counts from 0 again. */
const nameOf = ({ offset, headers }: IncomingRecord): string => `${offset} ${headers['ce_id'] ?? ''}`;

import type { EntityManager } from 'typeorm';

/** One event as it travels: CloudEvents attributes in headers, data as the value. */
export interface OutgoingRecord {
  topic: string;
  key: string;
  headers: Record<string, string>;
  value: string;
}

/** One event as a transport hands it over. Nothing about it is checked yet. */
export interface IncomingRecord {
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  headers: Record<string, string>;
  value: string | null;
}

/** Where the relay takes a batch. Returns only once the batch cannot be lost any more. */
export abstract class EventBus {
  /** `tx` is the transaction that then deletes the rows; a log in the same database writes through it. */
  abstract handOver(tx: EntityManager, batch: readonly OutgoingRecord[]): Promise<void>;

  /**
   * There where the log lies in the database of the outbox: takes rows out of the one and puts the same records into the
   * other by one statement, in the order given, so that nothing but their keys passes through this process.
   */
  takeOver?(tx: EntityManager, context: string, rows: readonly TakenRow[]): Promise<void>;
}

/** What has to be known of a row of the outbox to give it its place in the log. */
export interface TakenRow {
  position: string;
  aggregatetype: string;
  aggregateid: string;
}

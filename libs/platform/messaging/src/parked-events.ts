import type { DataSource, EntityManager } from 'typeorm';
import type { IncomingRecord } from './event-bus.js';

/** As operators see it. The event itself stays in the table. */
export interface ParkedView {
  id: string;
  consumer: string;
  topic: string;
  key: string | null;
  event_id: string | null;
  type: string | null;
  sequence: number | null;
  error_class: string;
  tries: number;
  parked_at: string;
}

interface ParkedRow extends ParkedView {
  event: IncomingRecord;
}

const VIEW = `id::text, consumer, topic, key, event_id, event->'headers'->>'ce_type' AS type, sequence::float8 AS sequence,
  error_class, tries, to_char(parked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS parked_at`;

/**
 * The events a consumer could not handle, and those of the same key that came after them. Whoever looks whether a
 * key is parked and acts on it holds the key's lock, so that a replay that ends and an event that comes cannot pass.
 */
export class ParkedEvents {
  constructor(private readonly consumer: string) {}

  async isParked(tx: EntityManager, { topic, key }: IncomingRecord): Promise<boolean> {
    if (!(await this.any(tx, topic, key))) return false;
    await this.lock(tx, topic, key);
    return this.any(tx, topic, key);
  }

  /** Which of these records have a parked key. */
  async among(tx: EntityManager, records: readonly IncomingRecord[]): Promise<Set<string>> {
    const rows = await tx.query<{ topic: string; key: string }[]>(
      `SELECT DISTINCT topic, key FROM parked_events WHERE consumer = $1 AND key IS NOT NULL ORDER BY topic, key`,
      [this.consumer],
    );
    const present = new Set(records.map(keyOf));
    const parked = new Set<string>();
    for (const { topic, key } of rows) {
      if (!present.has(keyOf({ topic, key }))) continue;
      await this.lock(tx, topic, key);
      if (await this.any(tx, topic, key)) parked.add(keyOf({ topic, key }));
    }
    return parked;
  }

  /** Parking the same event again changes nothing. `key` null blocks nothing. */
  async park(tx: EntityManager, record: IncomingRecord, errorClass: string, tries: number): Promise<void> {
    const { ce_id: eventId, ce_sequence: sequence } = record.headers;
    if (record.key !== null) await this.lock(tx, record.topic, record.key);
    await tx.query(
      `INSERT INTO parked_events (consumer, topic, key, event_id, sequence, event, error_class, tries)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
      [
        this.consumer,
        record.topic,
        record.key,
        record.key === null ? null : eventId,
        /^\d{1,18}$/.test(sequence?.replace(/^0+(?=\d)/, '') ?? '') ? Number(sequence) : null,
        JSON.stringify(record),
        errorClass.slice(0, 64),
        tries,
      ],
    );
  }

  /** By the number and not by its text, which `VIEW` shows under the same name: a cursor would lose some. */
  async list(
    tx: EntityManager,
    { key, after, limit }: { key?: string; after?: string; limit: number },
  ): Promise<ParkedView[]> {
    return tx.query(
      `SELECT ${VIEW} FROM parked_events
       WHERE consumer = $1 AND ($2::text IS NULL OR key = $2) AND id > $3::bigint ORDER BY parked_events.id LIMIT $4`,
      [this.consumer, key ?? null, after ?? '0', limit],
    );
  }

  /** In the order in which they are to be handled. */
  rows(database: DataSource, topic: string, key: string | null, id: string | null): Promise<ParkedRow[]> {
    return database.query(
      `SELECT ${VIEW}, event FROM parked_events
       WHERE consumer = $1 AND topic = $2 AND ($3::text IS NULL OR key = $3) AND ($3::text IS NOT NULL OR id = $4::bigint)
       ORDER BY sequence, parked_events.id`,
      [this.consumer, topic, key, id],
    );
  }

  /** Keys that have something parked, and each event without a key by itself. */
  keys(database: DataSource): Promise<{ topic: string; key: string | null; id: string }[]> {
    return database.query(
      `SELECT topic, key, min(id)::text AS id FROM parked_events WHERE consumer = $1
       GROUP BY topic, key, CASE WHEN key IS NULL THEN id END ORDER BY min(id)`,
      [this.consumer],
    );
  }

  /** False: it is not there any more. The key stays locked until the transaction ends. */
  async take(tx: EntityManager, row: ParkedRow): Promise<boolean> {
    if (row.key !== null) await this.lock(tx, row.topic, row.key);
    const [gone] = await tx.query<[unknown[], number]>('DELETE FROM parked_events WHERE id = $1 RETURNING id', [
      row.id,
    ]);
    return gone.length > 0;
  }

  async failedAgain(database: DataSource, id: string, errorClass: string): Promise<void> {
    await database.query('UPDATE parked_events SET tries = tries + 1, error_class = $2 WHERE id = $1', [
      id,
      errorClass.slice(0, 64),
    ]);
  }

  private async any(tx: EntityManager, topic: string, key: string | null): Promise<boolean> {
    if (key === null) return false;
    const rows = await tx.query<unknown[]>(
      'SELECT 1 FROM parked_events WHERE consumer = $1 AND topic = $2 AND key = $3 LIMIT 1',
      [this.consumer, topic, key],
    );
    return rows.length > 0;
  }

  private async lock(tx: EntityManager, topic: string, key: string | null): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      JSON.stringify(['parked', this.consumer, topic, key]),
    ]);
  }
}

export const keyOf = ({ topic, key }: { topic: string; key: string | null }): string => `${topic} ${key ?? ''}`;

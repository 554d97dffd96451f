import pg from 'pg';
import type { EntityManager } from 'typeorm';
import { sourceOf } from '../cloud-event.js';
import { EventBus, type IncomingRecord, type TakenRow, type OutgoingRecord } from '../event-bus.js';
import { PARTITIONS, partitionOf } from '../key-hash.js';
import { topicOf } from '../outbox-insert.js';

/** Carries the topics that have grown, separated by blanks. */
export const BUS_CHANNEL = 'strongroom_bus';

/** How far a group has read one partition. */
export interface Position {
  topic: string;
  partition: number;
  offset: number;
}

/** Held until the commit: one appends at a time. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtext('strongroom:bus'))`;

/**
 * What `cloudEvent` makes of a row, in SQL; the conformance suite compares what arrives. Written as text, for JSON that is built
 * member by member took half of what it costs to take a row over. What is not ours to know is quoted by `to_json`.
 */
const VERSION = `split_part(type, '.', -1)`;
const NAME = `split_part(left(type, -length(${VERSION}) - 1), 'strongroom.', 2)`;
const HEADERS = `('{"content-type":"application/json; charset=utf-8","ce_specversion":"1.0","ce_id":"' || id
  || '","ce_source":' || to_json($4::text) || ',"ce_type":' || to_json(type)
  || ',"ce_subject":' || to_json(aggregateid) || ',"ce_partitionkey":' || to_json(aggregateid)
  || ',"ce_time":"' || to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  || '","ce_dataschema":' || to_json('urn:strongroom:schema:' || ${NAME} || ':' || ${VERSION})
  || ',"ce_sequence":"' || lpad(sequence::text, 20, '0') || '"'
  || CASE WHEN traceparent <> '' THEN ',"ce_traceparent":' || to_json(traceparent) ELSE '' END || '}')::json`;

const RECORD = 'l.topic, l.partition, l."offset"::float8 AS "offset", l.key, l.headers, l.value';

/** A log in Postgres. Records travel as text, exactly as over Kafka; nothing is shared between writer and reader. */
export class InProcessBus extends EventBus {
  private readonly pool: pg.Pool;

  constructor(url: string) {
    super();
    this.pool = new pg.Pool({
      connectionString: url,
      max: 3,
      options: '-c search_path=bus',
      application_name: 'strongroom-bus',
    });
    this.pool.on('error', () => undefined); // an idle connection ended; the next query opens another
  }

  /** Offsets are given under a lock that is held until the commit: a reader never sees one appear below another. */
  override async handOver(tx: EntityManager, batch: readonly OutgoingRecord[]): Promise<void> {
    await tx.query(LOCK);
    await tx.query(
      `WITH appended AS (
         INSERT INTO bus.bus_log (topic, partition, key, headers, value)
         SELECT topic, partition, key, headers, value
         FROM unnest($1::text[], $2::smallint[], $3::text[], $4::json[], $5::text[])
           WITH ORDINALITY AS r(topic, partition, key, headers, value, n)
         ORDER BY n)
       SELECT pg_notify('${BUS_CHANNEL}', $6)`,
      [
        batch.map(({ topic }) => topic),
        batch.map(({ key }) => partitionOf(key)),
        batch.map(({ key }) => key),
        batch.map(({ headers }) => JSON.stringify(headers)),
        batch.map(({ value }) => value),
        [...new Set(batch.map(({ topic }) => topic))].join(' '),
      ],
    );
  }

  /** Under the same lock. */
  override async takeOver(tx: EntityManager, context: string, rows: readonly TakenRow[]): Promise<void> {
    await tx.query(LOCK);
    await tx.query(
      `WITH taken AS (
         DELETE FROM outbox USING unnest($1::bigint[], $2::text[], $3::smallint[]) AS r(position, topic, partition)
         WHERE outbox.position = r.position RETURNING outbox.*, r.topic, r.partition),
       appended AS (
         INSERT INTO bus.bus_log (topic, partition, key, headers, value)
         SELECT topic, partition, aggregateid, ${HEADERS}, payload::text FROM taken ORDER BY taken.position)
       SELECT pg_notify('${BUS_CHANNEL}', $5)`,
      [
        rows.map(({ position }) => position),
        rows.map(({ aggregatetype }) => topicOf(aggregatetype)),
        rows.map(({ aggregateid }) => partitionOf(aggregateid)),
        sourceOf(context),
        [...new Set(rows.map(({ aggregatetype }) => topicOf(aggregatetype)))].join(' '),
      ],
    );
  }

  /** Where the group goes on. A group that is new begins at the end of the log. */
  async positions(group: string, topics: readonly string[]): Promise<Position[]> {
    await this.pool.query(
      `INSERT INTO bus_offsets (consumer_group, topic, partition, "offset")
       SELECT $1, topic, partition, (SELECT coalesce(max("offset"), 0) FROM bus_log)
       FROM unnest($2::text[]) AS t(topic), generate_series(0, ${PARTITIONS - 1}) AS p(partition)
       ON CONFLICT DO NOTHING`,
      [group, topics],
    );
    const { rows } = await this.pool.query<Position>(
      `SELECT topic, partition, "offset"::float8 AS "offset" FROM bus_offsets
       WHERE consumer_group = $1 AND topic = ANY($2::text[])`,
      [group, topics],
    );
    return rows;
  }

  /** What follows each position, at most `limit` records of each partition, in order. */
  async after(positions: readonly Position[], limit: number): Promise<IncomingRecord[]> {
    const { rows } = await this.pool.query<IncomingRecord>({
      name: 'bus-after',
      text: `SELECT r.* FROM unnest($1::text[], $2::int[], $3::bigint[]) AS at(topic, partition, "offset")
        CROSS JOIN LATERAL (
          SELECT ${RECORD} FROM bus_log l
          WHERE l.topic = at.topic AND l.partition = at.partition AND l."offset" > at."offset"
          ORDER BY l."offset" LIMIT $4) r`,
      values: [
        positions.map(({ topic }) => topic),
        positions.map(({ partition }) => partition),
        positions.map(({ offset }) => offset),
        limit,
      ],
    });
    return rows;
  }

  /** The next records of all these topics in the order of the log. */
  async following(topics: readonly string[], offset: number, limit: number): Promise<IncomingRecord[]> {
    const { rows } = await this.pool.query<IncomingRecord>({
      name: 'bus-following',
      text: `SELECT ${RECORD} FROM bus_log l WHERE l."offset" > $2 AND l.topic = ANY($1::text[])
        ORDER BY l."offset" LIMIT $3`,
      values: [topics, offset, limit],
    });
    return rows;
  }

  /** Never backwards. */
  async move(group: string, positions: readonly Position[]): Promise<void> {
    await this.pool.query({
      name: 'bus-move',
      text: `UPDATE bus_offsets o SET "offset" = r."offset"
        FROM unnest($2::text[], $3::int[], $4::bigint[]) AS r(topic, partition, "offset")
        WHERE o.consumer_group = $1 AND o.topic = r.topic AND o.partition = r.partition AND o."offset" < r."offset"`,
      values: [
        group,
        positions.map(({ topic }) => topic),
        positions.map(({ partition }) => partition),
        positions.map(({ offset }) => offset),
      ],
    });
  }

  /** Whether every group has read all there is. */
  async isRead(): Promise<boolean> {
    const { rows } = await this.pool.query(
      `SELECT 1 FROM bus_offsets o WHERE EXISTS (
         SELECT FROM bus_log l WHERE l.topic = o.topic AND l.partition = o.partition AND l."offset" > o."offset")
       LIMIT 1`,
    );
    return rows.length === 0;
  }

  /** Removes what is older than a day and read by every group. @returns how many records. */
  async clean(): Promise<number> {
    const { rowCount } = await this.pool.query(
      `DELETE FROM bus_log WHERE "offset" IN (
         SELECT l."offset" FROM bus_log l
         WHERE l.at < clock_timestamp() - interval '24 hours' AND NOT EXISTS (
           SELECT FROM bus_offsets o WHERE o.topic = l.topic AND o.partition = l.partition AND o."offset" < l."offset")
         LIMIT 10000)`,
    );
    return rowCount ?? 0;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What every context needs to say and to hear events. `outbox` has the columns an outbox router expects. Payload and
 * parked events are `json`, not `jsonb`: the bytes that were written are the bytes that are delivered.
 */
export class CreateMessaging1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL,
        aggregatetype text NOT NULL,
        aggregateid text NOT NULL,
        type text NOT NULL,
        sequence bigint NOT NULL,
        payload json NOT NULL,
        traceparent text,
        part smallint NOT NULL CHECK (part BETWEEN 0 AND 15),
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX outbox_part ON outbox (part, position);

      CREATE TABLE parked_events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        consumer text NOT NULL,
        topic text NOT NULL,
        key text,
        event_id text,
        sequence bigint,
        event json NOT NULL,
        error_class text NOT NULL,
        tries integer NOT NULL,
        parked_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX parked_events_once ON parked_events
        (consumer, topic, coalesce(event_id, (event->>'partition') || '/' || (event->>'offset')));
      CREATE INDEX parked_events_key ON parked_events (consumer, topic, key, sequence);

      CREATE TABLE inbox (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
      );

      CREATE TABLE consumer_offsets (
        consumer text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        PRIMARY KEY (consumer, topic, partition)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE consumer_offsets, inbox, parked_events, outbox');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The in-process bus is a log. Offsets grow over the whole log, in the order of commits, with gaps. */
export class CreateBus1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE bus_log (
        "offset" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL,
        partition smallint NOT NULL,
        key text,
        headers json NOT NULL,
        value text,
        at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX bus_log_partition ON bus_log (topic, partition, "offset");

      CREATE TABLE bus_offsets (
        consumer_group text NOT NULL,
        topic text NOT NULL,
        partition smallint NOT NULL,
        "offset" bigint NOT NULL,
        PRIMARY KEY (consumer_group, topic, partition)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE bus_offsets, bus_log');
  }
}

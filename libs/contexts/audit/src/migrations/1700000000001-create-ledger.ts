import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `n` has no gaps and is given in one order, and headers and data stand as they came: a hash chain over (n, event) can
 * be laid beside the table later without touching a row. Nothing in it is ever changed or removed by the program.
 */
export class CreateLedger1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ledger (
        n bigint PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        name text NOT NULL,
        actor_kind text NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        headers json NOT NULL,
        data json NOT NULL
      );
      CREATE INDEX ledger_name ON ledger (name, actor_kind, n);

      CREATE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'insufficient_privilege';
      END $$;
      CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ledger; DROP FUNCTION refuse_change_of_ledger');
  }
}

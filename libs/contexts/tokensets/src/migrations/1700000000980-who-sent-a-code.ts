import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which process may hold the answer to a code. Null: an older release has sent it. */
export class WhoSentACode1700000000980 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE redeems ADD COLUMN node uuid, ADD COLUMN boot_id uuid');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE redeems DROP COLUMN node, DROP COLUMN boot_id');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the sweep of `spec/refresh.md` §4 step 21 reads every two seconds: few rows, whatever history an outage has left.
 * An attempt of an earlier version counts as open; one look at its tokenset tells.
 */
export class OpenAttempts1700000000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE refresh_attempts ADD COLUMN is_open boolean NOT NULL DEFAULT true;
      UPDATE refresh_attempts SET is_open = false WHERE state NOT IN ('sent', 'unknown');
      CREATE INDEX refresh_attempts_open ON refresh_attempts (grace_until, sent_at) WHERE is_open;
      CREATE INDEX tokensets_for_administrators ON tokensets (next_attempt_at) WHERE reason = 'admin'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX tokensets_for_administrators;
      DROP INDEX refresh_attempts_open;
      ALTER TABLE refresh_attempts DROP COLUMN is_open`);
  }
}

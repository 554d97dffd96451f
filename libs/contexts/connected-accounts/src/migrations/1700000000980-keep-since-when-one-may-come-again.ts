import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when the same `complete` may come again. Null: a process of before left it so, and the sweep does not wait. */
export class KeepSinceWhenOneMayComeAgain1700000000980 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connect_sessions ADD COLUMN left_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connect_sessions DROP COLUMN left_at');
  }
}

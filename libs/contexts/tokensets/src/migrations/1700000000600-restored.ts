import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose refresh token comes from a backup, and may be rotations old (`spec/encryption.md` §8). */
export class Restored1700000000600 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tokensets ADD COLUMN restored_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tokensets DROP COLUMN restored_at');
  }
}

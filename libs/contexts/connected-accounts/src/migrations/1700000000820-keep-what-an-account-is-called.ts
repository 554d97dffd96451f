import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What lists call an account: a copy of what the vault says. Rows and processes of before have none. */
export class KeepWhatAnAccountIsCalled1700000000820 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connected_accounts ADD COLUMN label text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connected_accounts DROP COLUMN label');
  }
}

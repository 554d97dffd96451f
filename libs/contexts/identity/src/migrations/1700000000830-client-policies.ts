import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until now the member could be sent as `null` only, so no row has a value to keep. */
export class ClientPolicies1700000000830 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE clients ADD COLUMN vault_policy jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE clients DROP COLUMN vault_policy`);
  }
}

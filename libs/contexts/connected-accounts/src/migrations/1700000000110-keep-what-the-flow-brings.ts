import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Values a provider's addresses are made with that only the person knows (a shop, a sub-domain): of the flow, and of
 * the account for when it is connected again. `query_box`: a signed callback, sealed for the vault.
 */
export class KeepWhatTheFlowBrings1700000000110 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE connect_sessions ADD COLUMN params jsonb NOT NULL DEFAULT '{}', ADD COLUMN query_box text;
      ALTER TABLE connected_accounts ADD COLUMN params jsonb NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE connect_sessions DROP COLUMN params, DROP COLUMN query_box;
      ALTER TABLE connected_accounts DROP COLUMN params`);
  }
}

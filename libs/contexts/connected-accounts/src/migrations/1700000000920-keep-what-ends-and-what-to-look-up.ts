import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `expires_at`: an account without a refresh token ends with its access token. `label_settled`: the label is known to be
 * the vault's. Rows of before, and of processes of before, are looked up once.
 */
export class KeepWhatEndsAndWhatToLookUp1700000000920 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE connected_accounts ADD COLUMN expires_at timestamptz,
        ADD COLUMN label_settled boolean NOT NULL DEFAULT false;
      CREATE INDEX connected_accounts_unsettled ON connected_accounts (person_id)
        WHERE NOT label_settled AND status <> 'disconnected'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connected_accounts DROP COLUMN expires_at, DROP COLUMN label_settled');
  }
}

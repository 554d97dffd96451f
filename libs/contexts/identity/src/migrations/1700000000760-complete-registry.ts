import type { MigrationInterface, QueryRunner } from 'typeorm';

const SECURITY_SETTINGS = [
  'require_proof_of_possession',
  'require_pushed_authorization_requests',
  'require_mfa_at_login',
  'token_vault_privileged_access',
];

/** Settings that act get columns; until now they could be stored as "off" only, so no row has a value to keep. */
export class CompleteRegistry1700000000760 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE clients
        ADD COLUMN require_proof_of_possession boolean NOT NULL DEFAULT false,
        ADD COLUMN require_pushed_authorization_requests boolean NOT NULL DEFAULT false,
        ADD COLUMN require_mfa_at_login boolean,
        ADD COLUMN token_vault_privileged_access jsonb`);
    await runner.query(`UPDATE clients SET stored = stored - $1::text[]`, [SECURITY_SETTINGS]);
    await runner.query(`ALTER TABLE resource_servers ADD COLUMN proof_of_possession jsonb`);
    await runner.query(`UPDATE resource_servers SET stored = stored - 'proof_of_possession'`);
    await runner.query(`ALTER TABLE tenant_settings ADD COLUMN require_mfa_at_login boolean NOT NULL DEFAULT false`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tenant_settings DROP COLUMN require_mfa_at_login`);
    await runner.query(`ALTER TABLE resource_servers DROP COLUMN proof_of_possession`);
    await runner.query(`
      ALTER TABLE clients
        DROP COLUMN require_proof_of_possession,
        DROP COLUMN require_pushed_authorization_requests,
        DROP COLUMN require_mfa_at_login,
        DROP COLUMN token_vault_privileged_access`);
  }
}

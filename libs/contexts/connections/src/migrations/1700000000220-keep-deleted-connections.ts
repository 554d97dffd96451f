import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Connections that were deleted while they revoked on delete: what it takes to end their accounts' tokens at the
 * provider outlives them for a while.
 */
export class KeepDeletedConnections1700000000220 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE deleted_connections (
        id text PRIMARY KEY,
        described jsonb NOT NULL,
        secret_box text,
        deleted_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query(`CREATE INDEX ON deleted_connections (deleted_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE deleted_connections`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A code goes only to the token endpoint that the flow began with, whatever the connection says by then. */
export class KeepWhereACodeMayGo1700000000120 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connect_sessions ADD COLUMN code_receiver text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connect_sessions DROP COLUMN code_receiver');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** So that the sweeper finds sealed successors whose leeway is over without looking at every artefact. */
export class SealedSuccessors1700000000710 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX artefacts_sealed_successors ON artefacts (consumed_at) WHERE successor_sealed IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX artefacts_sealed_successors');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a person calls an account. That no two of theirs on a connection are called the same is decided by the index,
 * whoever else writes at the same moment.
 */
export class OwnLabels1700000000810 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tokensets ADD COLUMN own_label text;
      CREATE UNIQUE INDEX tokensets_own_label_of_person
        ON tokensets (person_id, connection_id, own_label) WHERE own_label IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX tokensets_own_label_of_person; ALTER TABLE tokensets DROP COLUMN own_label');
  }
}

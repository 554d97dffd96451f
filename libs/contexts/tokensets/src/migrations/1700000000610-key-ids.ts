import { dropKeyIdColumnSql, keyIdColumnSql } from '@strongroom/crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { pendingRedeemsColumn, tokensetKeysColumn } from '../keys/key-columns.js';

const COLUMNS = [tokensetKeysColumn, pendingRedeemsColumn];

/** Under which key each record is, to be counted; and how many steps of rotations have been said. */
export class KeyIds1700000000610 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(keyIdColumnSql(column));
    await runner.query(`
      CREATE TABLE keyring_said (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        sequence bigint NOT NULL DEFAULT 0
      );
      INSERT INTO keyring_said DEFAULT VALUES`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE keyring_said');
    for (const column of COLUMNS) await runner.query(dropKeyIdColumnSql(column));
  }
}

import { dropKeyIdColumnSql, keyIdColumnSql } from '@strongroom/crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { clientSecretsColumn, signingKeysColumn, successorsColumn } from '../keys/key-columns.js';

const COLUMNS = [clientSecretsColumn, signingKeysColumn, successorsColumn];

/** Under which key each record is, to be counted; and how many steps of rotations have been said. */
export class KeyIds1700000000610 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(keyIdColumnSql(column));
    await runner.query(`
      create table keyring_said (
        is_only boolean primary key default true check (is_only),
        sequence bigint not null default 0
      );
      insert into keyring_said default values`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table keyring_said');
    for (const column of COLUMNS) await runner.query(dropKeyIdColumnSql(column));
  }
}

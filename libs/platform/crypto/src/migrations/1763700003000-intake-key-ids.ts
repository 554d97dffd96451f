import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropKeyIdColumnSql, keyIdColumnSql } from '../rotation/key-id-column.js';
import { intakeKeysTarget } from '../rotation/targets.js';

/** The key that wraps an intake key is read from the record itself, as everywhere. */
export class IntakeKeyIds1763700003000 implements MigrationInterface {
  name = 'IntakeKeyIds1763700003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${dropKeyIdColumnSql(intakeKeysTarget)}; ${keyIdColumnSql(intakeKeysTarget)}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table intake_keys rename wrapping_key_id to computed_key_id;
      alter table intake_keys add column wrapping_key_id uuid references installation_keys;
      update intake_keys set wrapping_key_id = computed_key_id;
      alter table intake_keys drop column computed_key_id;
      create index intake_keys_wrapping_key on intake_keys (wrapping_key_id)`);
  }
}

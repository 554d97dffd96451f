import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The key pairs to which other contexts seal. Only the vault's own schema has them. */
export class IntakeKeys1763700001000 implements MigrationInterface {
  name = 'IntakeKeys1763700001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table intake_keys (
        id uuid primary key,
        version integer not null unique,
        state text not null check (state in ('primary', 'retiring', 'destroyed')),
        wrapping_key_id uuid not null references installation_keys,
        private_sealed bytea,
        created_at timestamptz not null default now(),
        check ((state = 'destroyed') = (private_sealed is null))
      )`);
    await runner.query('create index intake_keys_wrapping_key on intake_keys (wrapping_key_id)');
    await runner.query(`create unique index one_primary_intake_key on intake_keys (state) where state = 'primary'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table intake_keys');
  }
}

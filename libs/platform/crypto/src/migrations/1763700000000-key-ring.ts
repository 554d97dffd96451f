import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The installation a schema belongs to, and the keys its values are sealed under. */
export class KeyRing1763700000000 implements MigrationInterface {
  name = 'KeyRing1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table installation (
        is_only boolean primary key default true check (is_only),
        id uuid not null,
        created_at timestamptz not null default now()
      )`);
    await runner.query(`
      create table installation_keys (
        id uuid primary key,
        version integer not null unique,
        state text not null check (state in ('pre_active', 'primary', 'retiring', 'retired', 'destroyed')),
        wrapped bytea,
        check_record bytea,
        created_at timestamptz not null default now(),
        state_changed_at timestamptz not null default now(),
        check ((state = 'destroyed') = (wrapped is null)),
        check ((wrapped is null) = (check_record is null))
      )`);
    await runner.query(
      `create unique index one_primary_installation_key on installation_keys (state) where state = 'primary'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table installation_keys');
    await runner.query('drop table installation');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `spec/encryption.md` §5: which process has loaded which key, how far a re-wrap has come, what wraps each key. */
export class KeyRotation1763700002000 implements MigrationInterface {
  name = 'KeyRotation1763700002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table installation_keys
        add column master_key_id text,
        add column sealed bigint not null default 0,
        add column to_move bigint,
        add column wanted_at timestamptz,
        add column next_batch_at timestamptz;
      create unique index one_pre_active_installation_key on installation_keys (state) where state = 'pre_active';
      create table key_loads (
        node uuid not null,
        kind text not null check (kind in ('process', 'installation', 'master')),
        key text not null,
        state text not null,
        since timestamptz not null default clock_timestamp(),
        seen_at timestamptz not null default clock_timestamp(),
        primary key (node, kind, key)
      );
      create table rewrap_cursors (
        key_id uuid not null references installation_keys,
        target text not null,
        after_id text not null,
        primary key (key_id, target)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table rewrap_cursors, key_loads;
      drop index one_pre_active_installation_key;
      alter table installation_keys
        drop column master_key_id, drop column sealed, drop column to_move, drop column wanted_at,
        drop column next_batch_at`);
  }
}

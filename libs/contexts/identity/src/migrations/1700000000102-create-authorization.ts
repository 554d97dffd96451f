import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAuthorization1700000000102 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table artefacts (
        kind text not null,
        id_hash bytea not null,
        grant_id text,
        uid text,
        family_id uuid,
        person_id uuid,
        client_id text,
        consumed_at timestamptz,
        expires_at timestamptz not null,
        last_exchanged_at timestamptz,
        successor_sealed bytea,
        successor_hash bytea,
        payload jsonb not null,
        created_at timestamptz not null default now(),
        primary key (kind, id_hash)
      );
      create index artefacts_grant on artefacts (grant_id) where grant_id is not null;
      create index artefacts_uid on artefacts (uid) where uid is not null;
      create index artefacts_family on artefacts (family_id) where family_id is not null;
      create index artefacts_person on artefacts (person_id) where person_id is not null;
      create index artefacts_client on artefacts (client_id) where client_id is not null;
      create index artefacts_expires on artefacts (expires_at);

      create table consents (
        id uuid primary key default gen_random_uuid(),
        person_id uuid not null,
        client_id text not null,
        audience text not null,
        scopes jsonb not null,
        created_at timestamptz not null default now(),
        unique (person_id, client_id, audience)
      );
      create index consents_client on consents (client_id);

      create table signing_keys (
        kid text primary key,
        purpose text not null check (purpose in ('tokens', 'cookies')),
        alg text not null,
        state text not null check (state in ('next', 'current', 'previous', 'revoked')),
        key_sealed bytea not null,
        public_jwk jsonb,
        current_since timestamptz,
        current_until timestamptz,
        created_at timestamptz not null default now()
      );
      create unique index signing_keys_current on signing_keys (purpose) where state = 'current';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table signing_keys, consents, artefacts');
  }
}

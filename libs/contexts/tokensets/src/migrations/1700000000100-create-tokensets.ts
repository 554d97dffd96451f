import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `spec/refresh.md` §10 and `spec/encryption.md` §8. */
export class CreateTokensets1700000000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tokensets (
        id text PRIMARY KEY,
        person_id uuid NOT NULL,
        account_id text NOT NULL UNIQUE,
        connection_id text NOT NULL,
        provider_tenant text NOT NULL DEFAULT '',
        provider_subject text NOT NULL,
        provider_label text,
        provider_email text,
        paused_client_ids text[] NOT NULL DEFAULT '{}',
        token_origin text NOT NULL,
        scopes_asked text[] NOT NULL,
        scopes_granted text[] NOT NULL,
        status text NOT NULL CHECK (status IN ('active', 'reconnect_required')),
        reason text CHECK (reason IN ('revoked_or_expired', 'lost_rotation', 'no_refresh_token', 'interaction', 'admin',
                                      'endpoint_changed', 'unreadable', 'rejected')),
        cred_version integer NOT NULL,
        event_version integer NOT NULL,
        key_id uuid NOT NULL,
        access_sealed bytea,
        refresh_sealed bytea,
        access_issued_at timestamptz NOT NULL,
        access_expires_at timestamptz,
        refresh_expires_at timestamptz,
        fence bigint NOT NULL DEFAULT 0,
        lease_owner uuid,
        lease_until timestamptz,
        next_attempt_at timestamptz,
        failures integer NOT NULL DEFAULT 0,
        failing_since timestamptz,
        failure_said_at timestamptz,
        last_used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK ((status = 'active') = (reason IS NULL))
      );
      CREATE UNIQUE INDEX tokensets_account_of_person
        ON tokensets (person_id, connection_id, provider_tenant, provider_subject);
      -- one person per provider account; an empty subject says that the provider names none
      CREATE UNIQUE INDEX tokensets_person_of_account
        ON tokensets (connection_id, provider_tenant, provider_subject) WHERE provider_subject <> '';

      CREATE TABLE tokenset_keys (
        key_id uuid PRIMARY KEY,
        tokenset_id text NOT NULL,
        wrapped bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX ON tokenset_keys (tokenset_id);

      CREATE TABLE shredded_keys (
        key_id uuid PRIMARY KEY,
        tokenset_id text NOT NULL,
        shredded_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE FUNCTION shredded_keys_only_grow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'shredded_keys is append-only'; END $$;
      CREATE TRIGGER shredded_keys_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON shredded_keys
        FOR EACH STATEMENT EXECUTE FUNCTION shredded_keys_only_grow();

      CREATE TABLE refresh_attempts (
        id uuid PRIMARY KEY,
        tokenset_id text NOT NULL,
        base_version integer NOT NULL,
        fence bigint NOT NULL,
        state text NOT NULL
          CHECK (state IN ('sent', 'committed', 'superseded', 'rejected', 'not_processed', 'unknown')),
        kind text NOT NULL,
        rotation text NOT NULL,
        class text,
        http_status integer,
        code text,
        node uuid NOT NULL,
        boot_id uuid NOT NULL,
        sent_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        grace_until timestamptz,
        settled_at timestamptz
      );
      CREATE UNIQUE INDEX refresh_attempts_one_sent ON refresh_attempts (tokenset_id) WHERE state = 'sent';
      CREATE INDEX ON refresh_attempts (tokenset_id, base_version);
      CREATE INDEX ON refresh_attempts (settled_at);

      CREATE TABLE nodes (
        node uuid PRIMARY KEY,
        boot_id uuid NOT NULL,
        seen_at timestamptz NOT NULL
      );

      CREATE TABLE redeems (
        session_id text PRIMARY KEY,
        person_id uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('sent', 'pending', 'stored', 'refused')),
        outcome jsonb,
        started_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX ON redeems (started_at);
      CREATE TABLE pending_redeems (
        session_id text PRIMARY KEY REFERENCES redeems ON DELETE CASCADE,
        connection_id text NOT NULL,
        token_origin text NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE pending_redeems, redeems, nodes, refresh_attempts, shredded_keys, tokenset_keys, tokensets;
      DROP FUNCTION shredded_keys_only_grow()`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** No column holds a secret in clear: artefacts are SHA-256 hashes, code and verifier are intake boxes. */
export class CreateConnectedAccounts1700000000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE connect_sessions (
        id text PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('created', 'opened', 'at_provider', 'code_held', 'completing',
          'completed', 'denied', 'mismatch', 'expired', 'failed')),
        person_id uuid NOT NULL,
        user_id text NOT NULL,
        client_id text NOT NULL,
        connection_id text NOT NULL,
        connection_name text NOT NULL,
        strategy text NOT NULL,
        jkt text,
        scopes jsonb,
        scopes_asked jsonb NOT NULL DEFAULT '[]',
        authorization_params jsonb NOT NULL DEFAULT '{}',
        pinned_account_id text,
        redirect_uri text,
        app_state bytea,
        code_challenge text,
        auth_session_hash bytea NOT NULL UNIQUE,
        ticket_hash bytea NOT NULL UNIQUE,
        cookie_hash bytea,
        state_hash bytea UNIQUE,
        connect_code_hash bytea,
        nonce text,
        verifier_box text,
        code_box text,
        captured jsonb NOT NULL DEFAULT '{}',
        pending boolean NOT NULL DEFAULT false,
        said jsonb NOT NULL DEFAULT '[]',
        event_version integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        completing_at timestamptz,
        ended_at timestamptz
      );
      CREATE INDEX connect_sessions_open ON connect_sessions (person_id, client_id) WHERE ended_at IS NULL;
      CREATE INDEX connect_sessions_due ON connect_sessions (expires_at) WHERE ended_at IS NULL;
      CREATE INDEX connect_sessions_connection ON connect_sessions (connection_id) WHERE ended_at IS NULL;
      CREATE INDEX connect_sessions_ended ON connect_sessions (ended_at) WHERE ended_at IS NOT NULL;

      CREATE TABLE connected_accounts (
        id text PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        status text NOT NULL CHECK (status IN ('connected', 'reconnect_required', 'disconnected')),
        reason text,
        person_id uuid NOT NULL,
        user_id text,
        connection_id text NOT NULL,
        connection_name text,
        strategy text,
        tokenset_id text NOT NULL,
        scopes jsonb NOT NULL DEFAULT '[]',
        missing_scopes jsonb NOT NULL DEFAULT '[]',
        has_refresh_token boolean NOT NULL DEFAULT false,
        tokenset_sequence bigint NOT NULL DEFAULT 0,
        event_version integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        disconnected_at timestamptz
      );
      CREATE INDEX connected_accounts_person ON connected_accounts (person_id, position)
        WHERE status <> 'disconnected';
      CREATE INDEX connected_accounts_connection ON connected_accounts (connection_id) WHERE status <> 'disconnected';
      CREATE INDEX connected_accounts_tokenset ON connected_accounts (tokenset_id);
      CREATE INDEX connected_accounts_gone ON connected_accounts (disconnected_at) WHERE status = 'disconnected'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE connected_accounts, connect_sessions');
  }
}

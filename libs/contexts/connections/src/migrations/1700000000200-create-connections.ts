import type { MigrationInterface, QueryRunner } from 'typeorm';
import { connectionId } from '../random-id.js';

export class CreateConnections1700000000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE connections (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        strategy text NOT NULL,
        display_name text,
        options jsonb NOT NULL DEFAULT '{}',
        secret_box text,
        provider_metadata jsonb,
        login_active boolean NOT NULL,
        vault_active boolean NOT NULL,
        allow_missing_user_id boolean NOT NULL DEFAULT false,
        is_domain_connection boolean NOT NULL DEFAULT false,
        show_as_button boolean,
        metadata jsonb,
        stored jsonb NOT NULL DEFAULT '{}',
        built_in boolean NOT NULL DEFAULT false,
        event_version integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK (NOT options ? 'client_secret')
      )`);
    await runner.query(`
      CREATE TABLE connection_clients (
        connection_id text NOT NULL REFERENCES connections ON DELETE CASCADE,
        client_id text NOT NULL,
        PRIMARY KEY (connection_id, client_id)
      )`);
    await runner.query(`CREATE INDEX ON connection_clients (client_id)`);
    // Where people with a password of ours live; identity keeps the passwords.
    await runner.query(
      `INSERT INTO connections (id, name, strategy, login_active, vault_active, built_in, event_version)
       VALUES ($1, 'Username-Password-Authentication', 'auth0', true, false, true, 0)`,
      [connectionId()],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE connection_clients, connections`);
  }
}

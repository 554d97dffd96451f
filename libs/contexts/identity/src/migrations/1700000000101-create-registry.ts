import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRegistry1700000000101 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...people, ...clients, ...apis]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE tenant_settings, client_grants, resource_servers, client_credentials, clients,
        profile_accounts, user_identities, users`);
  }
}

const people = [
  `CREATE TABLE users (
    person_id uuid PRIMARY KEY,
    user_id text NOT NULL UNIQUE,
    connection text NOT NULL,
    email text,
    email_verified boolean NOT NULL,
    username text,
    phone_number text,
    phone_verified boolean NOT NULL,
    name text,
    nickname text,
    given_name text,
    family_name text,
    picture text,
    password_hash text,
    blocked boolean NOT NULL,
    administrator boolean NOT NULL,
    user_metadata jsonb NOT NULL,
    app_metadata jsonb NOT NULL,
    last_login timestamptz,
    last_ip text,
    logins_count integer NOT NULL,
    last_password_reset timestamptz,
    event_version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE UNIQUE INDEX users_email ON users (connection, lower(email))`,
  `CREATE UNIQUE INDEX users_username ON users (connection, lower(username))`,
  `CREATE INDEX users_by_email ON users (lower(email))`,
  `CREATE INDEX users_administrators ON users (person_id) WHERE administrator`,
  `CREATE TABLE user_identities (
    connection text NOT NULL,
    user_id text NOT NULL,
    provider text NOT NULL,
    connection_id text,
    person_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    original_person_id uuid NOT NULL,
    link_state text NOT NULL CHECK (link_state IN ('own', 'linking', 'linked')),
    is_social boolean NOT NULL,
    profile jsonb,
    PRIMARY KEY (connection, user_id)
  )`,
  `CREATE INDEX user_identities_person ON user_identities (person_id)`,
  `CREATE TABLE profile_accounts (
    account_id text PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    connection_id text NOT NULL,
    scopes jsonb NOT NULL,
    connected boolean NOT NULL,
    sequence integer NOT NULL,
    created_at timestamptz NOT NULL
  )`,
  `CREATE INDEX profile_accounts_person ON profile_accounts (person_id)`,
];

const clients = [
  `CREATE TABLE clients (
    client_id text PRIMARY KEY,
    name text NOT NULL,
    description text,
    app_type text,
    resource_server_identifier text,
    is_first_party boolean NOT NULL,
    oidc_conformant boolean NOT NULL,
    token_endpoint_auth_method text,
    client_authentication_methods jsonb,
    grant_types jsonb NOT NULL,
    callbacks jsonb NOT NULL,
    allowed_logout_urls jsonb NOT NULL,
    web_origins jsonb NOT NULL,
    refresh_token jsonb,
    require_pkce boolean NOT NULL,
    secret_hash bytea,
    secret_sealed bytea,
    stored jsonb NOT NULL,
    built_in boolean NOT NULL,
    event_version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (require_pkce OR token_endpoint_auth_method IS DISTINCT FROM 'none')
  )`,
  `CREATE INDEX clients_of_api ON clients (resource_server_identifier) WHERE app_type = 'resource_server'`,
  `CREATE TABLE client_credentials (
    id text PRIMARY KEY,
    client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
    name text,
    kid text NOT NULL,
    alg text NOT NULL,
    pem text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (client_id, kid)
  )`,
];

const apis = [
  `CREATE TABLE resource_servers (
    id text PRIMARY KEY,
    identifier text NOT NULL UNIQUE,
    name text NOT NULL,
    scopes jsonb NOT NULL,
    signing_alg text NOT NULL CHECK (signing_alg IN ('RS256', 'PS256')),
    allow_offline_access boolean NOT NULL,
    token_lifetime integer NOT NULL,
    token_dialect text NOT NULL,
    skip_consent boolean NOT NULL,
    user_policy text NOT NULL,
    client_policy text NOT NULL,
    stored jsonb NOT NULL,
    built_in boolean NOT NULL,
    adopted boolean NOT NULL,
    event_version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE client_grants (
    id text PRIMARY KEY,
    client_id text NOT NULL REFERENCES clients,
    audience text NOT NULL REFERENCES resource_servers (identifier) ON UPDATE CASCADE,
    scope jsonb NOT NULL,
    subject_type text NOT NULL CHECK (subject_type IN ('client', 'user')),
    allow_all_scopes boolean NOT NULL,
    stored jsonb NOT NULL,
    built_in boolean NOT NULL,
    event_version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (client_id, audience, subject_type)
  )`,
  `CREATE INDEX client_grants_of_api ON client_grants (audience)`,
  `CREATE TABLE tenant_settings (
    id integer PRIMARY KEY CHECK (id = 1),
    mfa_policies jsonb NOT NULL DEFAULT '[]',
    default_audience text NOT NULL DEFAULT ''
  )`,
];

import { keyIdColumnSql } from '@strongroom/crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SEALED_REVOCATIONS } from '../revocation/revocations-target.js';

/**
 * Tokens of deleted tokensets that are still to be ended at their provider, and what became of them. No exchange reads
 * this. Those without a tokenset never became one. `provider_*` says whose account it was, to see whether somebody has connected it again, and leaves a day later.
 */
export class Revocations1700000000500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE revocations (
        id uuid PRIMARY KEY,
        tokenset_id text UNIQUE,
        person_id uuid NOT NULL,
        account_id text,
        connection_id text NOT NULL,
        connection_name text NOT NULL,
        token_origin text NOT NULL,
        provider_issuer text,
        provider_tenant text,
        provider_subject text,
        provider_params jsonb,
        has_refresh_token boolean NOT NULL,
        sealed bytea,
        fence integer NOT NULL DEFAULT 0,
        lease_until timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        give_up_at timestamptz NOT NULL,
        outcome text CHECK (outcome IN ('revoked', 'already_gone', 'unsupported', 'failed')),
        effect text,
        code text,
        manage_url text,
        event_version integer NOT NULL,
        deleted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at timestamptz,
        CHECK ((outcome IS NULL) = (sealed IS NOT NULL)),
        CHECK ((outcome IS NULL) = (next_attempt_at IS NOT NULL)),
        CHECK ((outcome IS NULL) = (finished_at IS NULL))
      );
      CREATE INDEX revocations_due ON revocations (next_attempt_at) WHERE outcome IS NULL;
      CREATE INDEX revocations_of_person ON revocations (person_id, deleted_at);
      CREATE INDEX revocations_finished ON revocations (finished_at) WHERE outcome IS NOT NULL;
      CREATE INDEX tokensets_of_account ON tokensets (provider_subject, provider_tenant) WHERE provider_subject <> ''`);
    await runner.query(keyIdColumnSql(SEALED_REVOCATIONS));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE revocations; DROP INDEX tokensets_of_account');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What an account adds to its connection (`spec/providers.md` §2.1 `params`, §4 rule 11, §5).
 *
 * The issuer stands in a column of its own, not folded into the tenant: the tenant is what the provider says, the issuer
 * is who says it, and two servers that one connection had one after the other may name different people alike. An empty
 * one is of a tokenset that was stored before there was this column; it counts as any until the next connect.
 */
export class WhatAccountsBring1700000000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tokensets
        ADD COLUMN provider_issuer text NOT NULL DEFAULT '',
        ADD COLUMN provider_params jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN extras jsonb NOT NULL DEFAULT '{}';
      CREATE UNIQUE INDEX tokensets_issuer_account_of_person
        ON tokensets (person_id, connection_id, provider_issuer, provider_tenant, provider_subject);
      CREATE UNIQUE INDEX tokensets_person_of_issuer_account
        ON tokensets (connection_id, provider_issuer, provider_tenant, provider_subject) WHERE provider_subject <> '';
      DROP INDEX tokensets_account_of_person, tokensets_person_of_account`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE UNIQUE INDEX tokensets_account_of_person
        ON tokensets (person_id, connection_id, provider_tenant, provider_subject);
      CREATE UNIQUE INDEX tokensets_person_of_account
        ON tokensets (connection_id, provider_tenant, provider_subject) WHERE provider_subject <> '';
      DROP INDEX tokensets_issuer_account_of_person, tokensets_person_of_issuer_account;
      ALTER TABLE tokensets DROP COLUMN provider_issuer, DROP COLUMN provider_params, DROP COLUMN extras`);
  }
}

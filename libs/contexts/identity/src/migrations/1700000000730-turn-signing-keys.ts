import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What keys need to take turns: a successor at hand, a certificate to show, and an end that outlives what they signed. */
export class TurnSigningKeys1700000000730 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table signing_keys
        add certificate text,
        add longest_seconds integer not null default 86400,
        add listed_until timestamptz,
        add revoked_at timestamptz,
        alter key_sealed drop not null;
      drop index signing_keys_current;
      create unique index signing_keys_current on signing_keys (purpose, alg) where state = 'current';
      create unique index signing_keys_next on signing_keys (purpose, alg) where state = 'next'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      delete from signing_keys where key_sealed is null or alg = 'PS256';
      drop index signing_keys_next;
      drop index signing_keys_current;
      create unique index signing_keys_current on signing_keys (purpose) where state = 'current';
      alter table signing_keys
        drop certificate, drop longest_seconds, drop listed_until, drop revoked_at, alter key_sealed set not null`);
  }
}

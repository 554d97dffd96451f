import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What discovery says is asked again now and then; a domain leads to one connection. */
export class WatchProviders1700000000210 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE connections
        ADD metadata_checked_at timestamptz,
        ADD metadata_failing_since timestamptz,
        ADD metadata_refused text`);
    await runner.query(`UPDATE connections SET metadata_checked_at = created_at WHERE provider_metadata IS NOT NULL`);
    await runner.query(`CREATE INDEX ON connections (metadata_checked_at) WHERE provider_metadata IS NOT NULL`);
    await runner.query(`
      CREATE TABLE connection_domains (
        domain text PRIMARY KEY CHECK (domain = lower(domain)),
        connection_id text NOT NULL REFERENCES connections ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX ON connection_domains (connection_id)`);
    // Until now the option was only kept. Of two that name a domain, the older one has it.
    await runner.query(`
      INSERT INTO connection_domains
      SELECT lower(domain), c.id FROM connections c,
        jsonb_array_elements_text(CASE jsonb_typeof(c.options -> 'domain_aliases')
          WHEN 'array' THEN c.options -> 'domain_aliases' ELSE '[]' END) AS domain
      WHERE c.login_active AND c.strategy = 'oidc'
      ORDER BY c.created_at
      ON CONFLICT DO NOTHING`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE connection_domains`);
    await runner.query(`
      ALTER TABLE connections
        DROP metadata_checked_at, DROP metadata_failing_since, DROP metadata_refused`);
  }
}

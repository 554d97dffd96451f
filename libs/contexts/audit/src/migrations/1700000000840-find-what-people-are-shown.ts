import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Receipts of one person, newest first; what is filtered by stands in the index too, so that nothing is read to be left
 * out. And what things were called last, for receipts that outlive them.
 *
 * While they are made the ledger can be read and not written: events wait for it, and nobody waits for the ledger. Made
 * beside its writer an index would wait for every open statement of the database, those of other migrations too.
 */
export class FindWhatPeopleAreShown1700000000840 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.down(runner);
    await runner.query(`
      CREATE INDEX ledger_receipts ON ledger ((data->>'personId'), n, (data->>'accountId'),
        (coalesce(data->>'clientId', data->'actor'->>'clientId',
          CASE data->'actor'->>'kind' WHEN 'client' THEN data->'actor'->>'id' END)))
      WHERE name IN ('exchange.succeeded', 'exchange.failed', 'account.connected', 'connect.failed',
        'account.disconnected', 'tokenset.reconnect_required', 'user.logged_in')`);
    await runner.query(`
      CREATE INDEX ledger_last_names ON ledger ((headers->>'ce_subject'), n)
      WHERE name IN ('client.created', 'client.updated', 'connection.created', 'connection.updated')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX IF EXISTS ledger_receipts');
    await runner.query('DROP INDEX IF EXISTS ledger_last_names');
  }
}

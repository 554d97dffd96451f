import type { MigrationInterface, QueryRunner } from 'typeorm';

const NAMES = `'exchange.succeeded', 'exchange.failed', 'account.connected', 'connect.failed',
  'account.disconnected', 'tokenset.reconnect_required', 'user.logged_in'`;
const FILTERS = `(data->>'accountId'), (coalesce(data->>'clientId', data->'actor'->>'clientId',
  CASE data->'actor'->>'kind' WHEN 'client' THEN data->'actor'->>'id' END))`;

/**
 * Receipts of one person by when it happened: contexts are heard in no order between them, and the number of a line says
 * only when it was heard. What ran before finds its lines by the same index, and sorts them itself.
 *
 * The old one goes last: from then on the ledger cannot even be read, which may not take as long as making an index does.
 */
export class OrderReceiptsByTime1700000000930 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.replaceWith(runner, 'occurred_at, n');
  }

  async down(runner: QueryRunner): Promise<void> {
    await this.replaceWith(runner, 'n');
  }

  private async replaceWith(runner: QueryRunner, order: string): Promise<void> {
    await runner.query(`
      CREATE INDEX ledger_receipts_anew ON ledger ((data->>'personId'), ${order}, ${FILTERS}) WHERE name IN (${NAMES})`);
    await runner.query('DROP INDEX IF EXISTS ledger_receipts');
    await runner.query('ALTER INDEX ledger_receipts_anew RENAME TO ledger_receipts');
  }
}

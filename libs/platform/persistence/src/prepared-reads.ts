import pg from 'pg';

/**
 * Named prepared statements on a small pool of their own: half the cost of a repository call, measured. For the two
 * reads of the exchange and nothing else (`design.md` §5).
 */
export class PreparedReads {
  private readonly pool: pg.Pool;

  constructor(url: string, schema: string, size = 4) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: size,
      options: `-c search_path=${schema}`,
      application_name: `strongroom-${schema}-reads`,
    });
    this.pool.on('error', () => undefined); // an idle connection ended; the next query opens another
  }

  /** The first row, or undefined. */
  async one<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row | undefined> {
    const { rows } = await this.pool.query<Row>({ name, text, values });
    return rows[0];
  }

  async many<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>({ name, text, values });
    return rows;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

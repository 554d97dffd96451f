import pg from 'pg';
import { GroupedReads, type Value } from './grouped-reads.js';
import { HASTE, Wire } from './wire.js';

/** The contexts of one process that lie in the same database read by one connection: their reads go together. */
interface Together {
  reads: GroupedReads;
  wire: Wire;
  users: number;
}
const together = new Map<string, Together>();

/**
 * Named prepared statements on connections of their own: half the cost of a repository call, measured. For the two
 * reads of the exchange and nothing else (`design.md` §5).
 */
export class PreparedReads {
  private readonly pool: pg.Pool;
  private readonly texts = new Map<string, string>();
  private readonly together: Together;

  constructor(
    private readonly url: string,
    private readonly schema: string,
    size = 4,
  ) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: size,
      options: `-c search_path=${schema} ${HASTE}`,
      application_name: `strongroom-${schema}-reads`,
    });
    this.pool.on('error', () => undefined); // an idle connection ended; the next query opens another
    this.together = together.get(url) ?? readTogether(url);
    this.together.users++;
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

  /**
   * The rows of one of many callers that ask at the same moment: they share a statement, and a round trip with whoever else
   * asks the same database. It begins after each of them has asked, takes one array for each value, and says with
   * each row whose it is: `place`, counted from 1. Tables are written `{schema}.table`, for the connection is of several schemas.
   */
  async shared<Row extends object>(text: string, values: readonly Value[]): Promise<Row[]> {
    let own = this.texts.get(text);
    if (own === undefined) this.texts.set(text, (own = text.replaceAll('{schema}', pg.escapeIdentifier(this.schema))));
    // What the statement selects is what its reader says it does.
    return (await this.together.reads.rows(own, values)) as Row[];
  }

  async close(): Promise<void> {
    await this.pool.end();
    if (--this.together.users > 0) return;
    together.delete(this.url);
    await this.together.wire.close();
  }
}

function readTogether(url: string): Together {
  const wire = new Wire({ connectionString: url, options: HASTE, application_name: 'strongroom-reads' });
  const made = { wire, reads: new GroupedReads((statements) => wire.fly(statements)), users: 0 };
  together.set(url, made);
  return made;
}

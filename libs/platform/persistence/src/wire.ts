import pg from 'pg';
import { isOfItsData } from './groups-by-arrival.js';
import { type Row, type Statement, StatementFlight } from './statement-flight.js';

/** Every statement finds its rows by an index: a plan made while the tables were small must not scan them once they are not. */
const PLANS = '-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';
/** What cannot be had by then, because of a lock say, is refused: one group is under way, and everybody waits for it. */
const PATIENCE = '-c statement_timeout=10s';
/** Settings of sessions whose statements are always the same. */
export const HASTE = `${PLANS} ${PATIENCE}`;

/** One connection for statements that fly together. It is made when it is needed, and again after it was lost. */
export class Wire {
  private client: Promise<pg.Client> | undefined;
  private flight: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly config: pg.ClientConfig) {}

  /** The rows of each; all in one transaction. One flight at a time. */
  async fly(statements: readonly Statement[]): Promise<Row[][]> {
    if (this.isClosed) throw new Error('its connection was closed');
    const client = await (this.client ??= this.connected());
    try {
      const flight = new Promise<Row[][]>((landed, failed) =>
        client.query(new StatementFlight(statements, landed, failed)),
      );
      this.flight = flight.catch(() => undefined);
      return await flight;
    } catch (error) {
      // Whether a plan went stale or the server does: a new connection knows better. A refused value is nobody's fault but its own.
      if (!isOfItsData(error)) this.forget(client);
      throw error;
    }
  }

  /** What is under way still arrives; `pg` itself would cut it off. */
  async close(): Promise<void> {
    this.isClosed = true;
    const client = await this.client?.catch(() => undefined);
    await this.flight;
    this.client = undefined;
    await client?.end();
  }

  private connected(): Promise<pg.Client> {
    const client = new pg.Client(this.config);
    client.on('error', () => this.forget(client)); // it was ended while nobody asked; the next flight connects again
    const connecting = client.connect().then(() => client);
    connecting.catch(() => (this.client = undefined));
    return connecting;
  }

  private forget(client: pg.Client): void {
    const forgetIfCurrent = (current: pg.Client) => {
      if (current === client) this.client = undefined;
    };
    void this.client?.then(forgetIfCurrent, () => undefined);
    void client.end().catch(() => undefined);
  }
}

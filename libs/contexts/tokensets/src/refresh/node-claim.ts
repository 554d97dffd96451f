import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A session of a process that was killed may be seen for a moment longer. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 250;

/**
 * Makes sure that a node is one process. What a node does at its start, ending the leases of its own dead process, would
 * cost a grant if that process lived: two hosts with one name are enough. The database holds the claim for as long as
 * the connection lasts.
 */
export class NodeClaim {
  private client: pg.Client | undefined;

  constructor(
    private readonly url: string,
    private readonly node: string,
  ) {}

  /** @throws Error that says what to do if another process has it. */
  async take(patienceMs = PATIENCE_MS): Promise<void> {
    for (const end = performance.now() + patienceMs; !(await this.tried()); await sleep(RETRY_MS))
      if (performance.now() >= end)
        throw new Error(
          `Another process runs as node ${this.node}: the two share a directory, or their STRONGROOM_NODE_ID. Give each ` +
            'process of tokensets a STRONGROOM_SPILL_DIR of its own that it keeps, and no STRONGROOM_NODE_ID of another.',
        );
  }

  /** Asks whether the claim still stands, and takes it again where the connection was lost. False: another has it now. */
  async keep(): Promise<boolean> {
    const client = this.client;
    const stands = await client?.query('SELECT 1').then(
      () => true,
      () => false,
    );
    if (stands) return true;
    if (this.client === client) this.client = undefined;
    return this.tried();
  }

  async release(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private async tried(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'strongroom-node',
      keepAlive: true,
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      // A host that has gone says no goodbye: the server finds out within seconds, and not after two hours.
      options: '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3',
    });
    client.on('error', () => undefined); // 'end' follows
    client.on('end', () => {
      if (this.client === client) this.client = undefined;
    });
    await client.connect();
    try {
      const { rows } = await client.query<{ mine: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS mine',
        [`strongroom:node:${this.node}`],
      );
      if (rows[0]?.mine) this.client = client;
    } finally {
      if (this.client !== client) await client.end().catch(() => undefined);
    }
    return this.client === client;
  }
}

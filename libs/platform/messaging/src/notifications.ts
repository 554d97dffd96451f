import type { Logger } from '@strongroom/observability';
import pg from 'pg';

const RECONNECT_MS = 500;

/**
 * One long connection that hears `NOTIFY` and holds claims, for a whole process. It connects again whenever it is
 * lost: claims are gone then, and every listener is called once, because something may have been missed.
 */
export class Notifications {
  private readonly listeners = new Map<string, Set<(payload: string) => void>>();
  private readonly claims = new Set<string>();
  private queue: Promise<unknown> = Promise.resolve();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  /** @returns what ends the subscription. */
  on(channel: string, listener: (payload: string) => void): () => void {
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    void this.query(`LISTEN ${pg.escapeIdentifier(channel)}`).catch(() => undefined); // lost: the next connect listens
    return () => void listeners.delete(listener);
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'strongroom-events',
      keepAlive: true,
    });
    client.on('error', () => undefined); // 'end' follows
    client.on('notification', ({ channel, payload }) => {
      for (const listener of this.listeners.get(channel) ?? []) listener(payload ?? '');
    });
    await client.connect();
    client.on('end', () => this.lost(client));
    for (const channel of this.listeners.keys()) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    this.client = client;
    if (this.closed) await client.end();
    for (const listener of [...this.listeners.values()].flatMap((all) => [...all])) listener('');
  }

  /** Whether this process is now the only one with the claim; it stays so until the connection ends. */
  async claim(name: string): Promise<boolean> {
    if (this.claims.has(name)) return true;
    const client = this.client;
    const answer = await this.query('SELECT pg_try_advisory_lock(hashtext($1)) AS mine', [`strongroom:${name}`]);
    if (!answer?.rows[0]?.mine || client !== this.client) return false;
    this.claims.add(name);
    return true;
  }

  holds(name: string): boolean {
    return this.claims.has(name);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.listeners.clear();
    await this.client?.end().catch(() => undefined);
  }

  /** One after the other, as one connection demands. */
  private query(text: string, values: unknown[] = []) {
    const next = this.queue.then(() => this.client?.query<{ mine?: boolean }>(text, values));
    this.queue = next.catch(() => undefined);
    return next;
  }

  private lost(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.claims.clear();
    if (!this.closed) this.reconnect();
  }

  private reconnect(): void {
    this.timer = setTimeout(() => {
      this.connect().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'no connection for notifications, trying again');
        if (!this.closed) this.reconnect();
      });
    }, RECONNECT_MS);
  }
}

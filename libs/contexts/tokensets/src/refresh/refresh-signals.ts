import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { first } from '../rows.js';

const CHANNEL = 'strongroom_refreshed';
const FIRST_POLL_MS = 40;
const MOST_POLL_MS = 500;
const CONNECT_MS = 2_000;

/**
 * Tells those who wait for another process's refresh that it is over (`spec/refresh.md` §4 step 6). A word of it comes
 * through the database and may be missed; whoever waits looks for himself too.
 */
@Injectable()
export class RefreshSignals implements BeforeApplicationShutdown {
  private readonly waiters = new Map<string, Set<() => void>>();
  private listener: Promise<pg.Client | undefined> | undefined;
  private isClosed = false;

  constructor(private readonly database: DataSource) {}

  /** After the commit, so that who is woken sees it. Nobody waits for this, and nothing depends on it. */
  say(tokensetId: string): void {
    this.database.query('SELECT pg_notify($1, $2)', [CHANNEL, tokensetId]).catch(() => undefined);
  }

  /** Returns when the lease that is held now ends or the credential changes, or after `mostMs`. */
  async settled(tokensetId: string, mostMs: number): Promise<void> {
    if (!this.isClosed) this.listener ??= this.listening();
    const deadline = performance.now() + mostMs;
    const start = await this.look(tokensetId);
    for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 2, MOST_POLL_MS)) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      const jittered = poll * (1 + 1.5 * Math.random());
      await this.told(tokensetId, Math.min(left, jittered, MOST_POLL_MS));
      const now = await this.look(tokensetId);
      if (!now?.isHeld || now.version !== start?.version) return;
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    const client = await this.listener;
    await client?.end().catch(() => undefined);
  }

  private look(tokensetId: string): Promise<{ isHeld: boolean; version: number } | undefined> {
    return first(
      this.database.manager,
      `SELECT coalesce(lease_until > clock_timestamp(), false) AS "isHeld", cred_version AS version
       FROM tokensets WHERE id = $1`,
      [tokensetId],
    );
  }

  private async told(tokensetId: string, ms: number): Promise<void> {
    const waiters = this.waiters.get(tokensetId) ?? new Set();
    this.waiters.set(tokensetId, waiters);
    const over = new AbortController();
    const wake = () => over.abort();
    waiters.add(wake);
    await sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
    waiters.delete(wake);
    if (waiters.size === 0) this.waiters.delete(tokensetId);
  }

  private async listening(): Promise<pg.Client | undefined> {
    const client = new pg.Client({
      connectionString: (this.database.options as { url: string }).url,
      application_name: 'strongroom-refresh-signals',
      connectionTimeoutMillis: CONNECT_MS,
    });
    const lost = () => (this.listener = undefined); // the next one who waits tries again
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => this.waiters.get(payload ?? '')?.forEach((wake) => wake()));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      return client;
    } catch {
      lost();
      await client.end().catch(() => undefined);
      return undefined;
    }
  }
}

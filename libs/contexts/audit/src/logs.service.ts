import { Injectable } from '@nestjs/common';
import type { SearchTerm } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { type LedgerRow, type LogEntry, logEntry } from './log-entry.js';
import { LogNotFoundError } from './audit.errors.js';
import { MANAGERS } from './log-kinds.js';
import { entriesThatFit, namesThatFit } from './log-search.js';
import { NamesOfThings } from './names.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const COLUMNS = 'n::text, event_id, name, occurred_at, data';
const SEEN = '(name = ANY($1::text[]) OR (name = ANY($2::text[]) AND actor_kind = ANY($3::text[])))';
/** How much of the ledger one search goes through: no index is kept for what is seldom asked, and none may take long. */
const LOOKED_THROUGH = 50_000;

/** The ledger as logs are read: newest first, with the names that things have now. */
@Injectable()
export class LogsService {
  constructor(
    private readonly database: DataSource,
    private readonly names: NamesOfThings,
  ) {}

  /** A search is among the newest of the ledger; `after` goes further. */
  async page(q: readonly SearchTerm[], offset: number, limit: number): Promise<Logged[]> {
    const { where, values } = seen(q, await this.lowest(q, null));
    return this.named(
      await this.database.query<LedgerRow[]>(
        `SELECT ${COLUMNS} FROM ledger WHERE ${where} ORDER BY ledger.n DESC OFFSET ${offset} LIMIT ${limit}`,
        values,
      ),
    );
  }

  /** What is older than the entry with this number, and where a search stopped that has more to look through. */
  async after(
    q: readonly SearchTerm[],
    n: string | null,
    limit: number,
  ): Promise<{ items: Logged[]; stoppedAt: string | null }> {
    const lowest = await this.lowest(q, n);
    const { where, values } = seen(q, lowest);
    const place = values.push(n);
    const rows = await this.database.query<LedgerRow[]>(
      `SELECT ${COLUMNS} FROM ledger WHERE ${where} AND ($${place}::bigint IS NULL OR ledger.n < $${place})
       ORDER BY ledger.n DESC LIMIT ${limit}`,
      values,
    );
    return { items: await this.named(rows), stoppedAt: lowest };
  }

  async total(q: readonly SearchTerm[]): Promise<number> {
    const { where, values } = seen(q, await this.lowest(q, null));
    const [counted] = await this.database.query<[{ total: number }]>(
      `SELECT count(*)::int AS total FROM ledger WHERE ${where}`,
      values,
    );
    return counted.total;
  }

  /** Numbers have no gaps, so they say how far one search goes; null: to the end. */
  private async lowest(q: readonly SearchTerm[], n: string | null): Promise<string | null> {
    if (q.length === 0) return null;
    const [newest] = await this.database.query<[{ n: string | null }]>('SELECT max(n)::text AS n FROM ledger');
    const lowest = BigInt(n ?? newest.n ?? 0) - BigInt(LOOKED_THROUGH);
    return lowest > 0n ? lowest.toString() : null;
  }

  /** @throws LogNotFoundError also for an event that is no log. */
  async get(logId: string): Promise<LogEntry> {
    if (!UUID.test(logId)) throw new LogNotFoundError();
    const rows = await this.database.query<LedgerRow[]>(
      `SELECT ${COLUMNS} FROM ledger WHERE ${SEEN} AND event_id = $4`,
      [...seen([], null).values, logId],
    );
    const [found] = await this.named(rows);
    if (!found) throw new LogNotFoundError();
    return found.entry;
  }

  private async named(rows: readonly LedgerRow[]): Promise<Logged[]> {
    const names = await this.names.now(rows);
    return rows.map((row) => ({ n: row.n, entry: logEntry(row, names) }));
  }
}

/** What a reader of logs sees of it, from this number on. */
function seen(q: readonly SearchTerm[], lowest: string | null): { where: string; values: unknown[] } {
  const names = namesThatFit(q);
  const values: unknown[] = [names.seen, names.managed, MANAGERS];
  const conditions = [SEEN, ...entriesThatFit(q, values)];
  if (lowest !== null) conditions.push(`ledger.n >= $${values.push(lowest)}::bigint`);
  return { where: conditions.join(' AND '), values };
}

/** An entry with its place in the ledger. */
export interface Logged {
  n: string;
  entry: LogEntry;
}

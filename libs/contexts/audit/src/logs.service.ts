import { Injectable } from '@nestjs/common';
import { Clients, ConnectionDirectory } from '@strongroom/contracts';
import { DataSource } from 'typeorm';
import { clientIdOf, connectionIdOf, type LedgerRow, type LogEntry, logEntry } from './log-entry.js';
import { LogNotFoundError } from './audit.errors.js';
import { LOG_TYPES, MANAGED, MANAGERS } from './log-kinds.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const COLUMNS = 'n::text, event_id, name, occurred_at, data';
const SEEN = '(name = ANY($1::text[]) OR (name = ANY($2::text[]) AND actor_kind = ANY($3::text[])))';
const SEEN_VALUES = [Object.keys(LOG_TYPES), Object.keys(MANAGED), MANAGERS];

/** The ledger as logs are read: newest first, with the names that things have now. */
@Injectable()
export class LogsService {
  constructor(
    private readonly database: DataSource,
    private readonly connections: ConnectionDirectory,
    private readonly clients: Clients,
  ) {}

  async page(offset: number, limit: number): Promise<Logged[]> {
    const rows = await this.database.query<LedgerRow[]>(
      `SELECT ${COLUMNS} FROM ledger WHERE ${SEEN} ORDER BY ledger.n DESC OFFSET $4 LIMIT $5`,
      [...SEEN_VALUES, offset, limit],
    );
    return this.named(rows);
  }

  /** What is older than the entry with this number. */
  async after(n: string | null, limit: number): Promise<Logged[]> {
    const rows = await this.database.query<LedgerRow[]>(
      `SELECT ${COLUMNS} FROM ledger WHERE ${SEEN} AND ($4::bigint IS NULL OR ledger.n < $4)
       ORDER BY ledger.n DESC LIMIT $5`,
      [...SEEN_VALUES, n, limit],
    );
    return this.named(rows);
  }

  async total(): Promise<number> {
    const [counted] = await this.database.query<[{ total: number }]>(
      `SELECT count(*)::int AS total FROM ledger WHERE ${SEEN}`,
      SEEN_VALUES,
    );
    return counted.total;
  }

  /** @throws LogNotFoundError also for an event that is no log. */
  async get(logId: string): Promise<LogEntry> {
    if (!UUID.test(logId)) throw new LogNotFoundError();
    const rows = await this.database.query<LedgerRow[]>(
      `SELECT ${COLUMNS} FROM ledger WHERE ${SEEN} AND event_id = $4`,
      [...SEEN_VALUES, logId],
    );
    const [found] = await this.named(rows);
    if (!found) throw new LogNotFoundError();
    return found.entry;
  }

  private async named(rows: readonly LedgerRow[]): Promise<Logged[]> {
    const [connections, clients] = await Promise.all([
      lookUp(rows.map(connectionIdOf), async (id) => (await this.connections.byId(id, null))?.name),
      lookUp(rows.map(clientIdOf), async (id) => (await this.clients.get(id))?.name),
    ]);
    return rows.map((row) => ({ n: row.n, entry: logEntry(row, { connections, clients }) }));
  }
}

/** An entry with its place in the ledger. */
export interface Logged {
  n: string;
  entry: LogEntry;
}

/** Each id is asked for once. */
async function lookUp(
  ids: readonly (string | null)[],
  nameOf: (id: string) => Promise<string | undefined>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const wanted = new Set(ids.filter((id) => id !== null));
  await Promise.all(
    [...wanted].map(async (id) => {
      const name = await nameOf(id);
      if (name !== undefined) names.set(id, name);
    }),
  );
  return names;
}

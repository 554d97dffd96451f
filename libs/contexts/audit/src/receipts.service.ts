import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ValidationError } from '@strongroom/http';
import { DataSource } from 'typeorm';
import type { LedgerRow } from './log-entry.js';
import { NamesOfThings } from './names.js';
import { receipt, type Receipt } from './receipt.js';

/** Whose receipts, and which of them. */
export interface ReceiptFilter {
  personId: string;
  account: string | undefined;
  clientId: string | undefined;
}

/** Said as the index says it; any other way is not found by it. */
const NAMES = `'exchange.succeeded', 'exchange.failed', 'account.connected', 'connect.failed',
  'account.disconnected', 'tokenset.reconnect_required', 'user.logged_in'`;
const CLIENT = `coalesce(data->>'clientId', data->'actor'->>'clientId',
  CASE data->'actor'->>'kind' WHEN 'client' THEN data->'actor'->>'id' END)`;

/** The ledger as one person may read it: what was done with their accounts, and for whom. */
@Injectable()
export class ReceiptsService {
  constructor(
    private readonly database: DataSource,
    private readonly names: NamesOfThings,
  ) {}

  /**
   * Newest first, by when it happened and not by when it was heard here.
   *
   * @throws ValidationError for a cursor of another person or another filter
   */
  async list(
    filter: ReceiptFilter,
    { from, take }: { from: string | undefined; take: number },
  ): Promise<{ receipts: Receipt[]; next?: string }> {
    const values: string[] = [filter.personId];
    const conditions = [`data->>'personId' = $1`, `name IN (${NAMES})`];
    const demand = (expression: string, value: string | undefined) => {
      if (value !== undefined) conditions.push(`${expression} = $${values.push(value)}`);
    };
    demand(`data->>'accountId'`, filter.account);
    demand(CLIENT, filter.clientId);
    if (from !== undefined) {
      const { at, n } = placeIn(from, filter);
      conditions.push(`(occurred_at, ledger.n) < ($${values.push(at)}::timestamptz, $${values.push(n)}::bigint)`);
    }
    const found = await this.database.query<LedgerRow[]>(
      `SELECT n::text, event_id, name, occurred_at, data FROM ledger WHERE ${conditions.join(' AND ')}
       ORDER BY occurred_at DESC, ledger.n DESC LIMIT ${take + 1}`,
      values,
    );
    const rows = found.slice(0, take);
    const names = await this.names.everKnown(rows);
    return {
      receipts: rows.map((row) => receipt(row, names)),
      ...(found.length > take ? { next: cursorAt(placeOf(rows.at(-1)!), filter) } : {}),
    };
  }
}

const boundTo = ({ personId, account, clientId }: ReceiptFilter): string =>
  createHash('sha256')
    .update(JSON.stringify([personId, account ?? null, clientId ?? null]))
    .digest('base64url')
    .slice(0, 22);

/** Where a page ended. */
interface Place {
  at: string;
  n: string;
}

const placeOf = ({ occurred_at: at, n }: LedgerRow): Place => ({ at: at.toISOString(), n });

const cursorAt = ({ at, n }: Place, filter: ReceiptFilter): string =>
  Buffer.from(`${boundTo(filter)}.${Date.parse(at)}.${n}`, 'utf8').toString('base64url');

function placeIn(cursor: string, filter: ReceiptFilter): Place {
  const said = /^[\w-]{22}\.(\d{1,14})\.(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  const place = said && { at: new Date(Number(said[1])).toISOString(), n: said[2]! };
  if (!place || cursorAt(place, filter) !== cursor)
    throw ValidationError.of('query', 'from', 'is not a cursor of this list');
  return place;
}

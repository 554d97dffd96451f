import { z } from 'zod';
import { ValidationError } from './validation.js';

/** Query members shared by every list of the Management API (`spec/wire-contract.md` §3.1). */
export const listQuery = {
  // What is left out before it is a number that JSON can hold.
  page: z.coerce.number().int().min(0).max(1_000_000_000).optional(),
  per_page: z.coerce.number().int().min(1).max(100).optional(),
  include_totals: z.enum(['true', 'false']).optional(),
  from: z.string().max(500).optional(),
  take: z.coerce.number().int().min(1).max(100).optional(),
};

export interface ListQuery {
  page?: number | undefined;
  per_page?: number | undefined;
  include_totals?: 'true' | 'false' | undefined;
  from?: string | undefined;
  take?: number | undefined;
}

/** Reads one page: `after` is the sort key of the last item seen, for checkpoint pages. */
export interface ListSource<Item> {
  page(offset: number, limit: number): Promise<{ items: Item[]; total: number }>;
  after(cursor: string | null, limit: number): Promise<Item[]>;
  /** The sort key of an item; goes into the cursor. */
  key(item: Item): string;
  /** Where `after` stopped looking without having come to the end; null: it came there. */
  stoppedAt?(): string | null;
}

/** Bare array, totals or checkpoint, as the query asks; `from`/`take` win over totals. */
export async function listAnswer<Item>(
  plural: string,
  query: ListQuery,
  source: ListSource<Item>,
  show: (item: Item) => unknown,
): Promise<unknown> {
  if (query.from !== undefined || query.take !== undefined) {
    const take = query.take ?? 50;
    const found = await source.after(query.from === undefined ? null : openCursor(query.from), take + 1);
    const items = found.slice(0, take);
    const place = found.length > take ? source.key(items.at(-1)!) : (source.stoppedAt?.() ?? null);
    return { [plural]: items.map(show), ...(place === null ? {} : { next: cursor(place) }) };
  }
  const limit = query.per_page ?? 50;
  const start = (query.page ?? 0) * limit;
  const { items, total } = await source.page(start, limit);
  const shown = items.map(show);
  return query.include_totals === 'true' ? { [plural]: shown, start, limit, total } : shown;
}

/** What `listAnswer` answers: an array, with totals, or a checkpoint page. */
export const listSchema = (plural: string, item: z.ZodType): z.ZodType =>
  z.union([
    z.array(item),
    z.strictObject({ [plural]: z.array(item), start: z.int(), limit: z.int(), total: z.int() }),
    pageSchema(plural, item),
  ]);

/** The checkpoint shape alone; `next` is absent at the end. */
export const pageSchema = (plural: string, item: z.ZodType): z.ZodType =>
  z.strictObject({ [plural]: z.array(item), next: z.string().optional() });

/** Opaque to callers. */
export const cursor = (key: string): string => Buffer.from(key, 'utf8').toString('base64url');

/** @throws ValidationError for what was never a cursor of ours. */
export function openCursor(value: string): string {
  const key = Buffer.from(value, 'base64url').toString('utf8');
  // No column holds a NUL, and none can be asked for one.
  if (!key || key.includes('\0') || cursor(key) !== value)
    throw ValidationError.of('query', 'from', 'is not a cursor of this list');
  return key;
}

import { cursor, listAnswer, type ListQuery } from './pagination.js';

const names = Array.from({ length: 7 }, (_, i) => `n${i}`);
const source = {
  page: (offset: number, limit: number) =>
    Promise.resolve({ items: names.slice(offset, offset + limit), total: names.length }),
  after: (cursor: string | null, limit: number) => {
    const start = cursor === null ? 0 : names.indexOf(cursor) + 1;
    return Promise.resolve(names.slice(start, start + limit));
  },
  key: (item: string) => item,
};
const list = (query: ListQuery): Promise<{ names: string[]; next?: string }> =>
  listAnswer('names', query, source, (item) => item) as Promise<{ names: string[]; next?: string }>;

describe('a list of the Management API', () => {
  it('MG-08 is a bare array, an object with totals, or a page with a cursor, as the query asks', async () => {
    expect(await list({})).toEqual(names);
    expect(await list({ include_totals: 'true', page: 1, per_page: 5 })).toEqual({
      names: ['n5', 'n6'],
      start: 5,
      limit: 5,
      total: 7,
    });
    expect(await list({ include_totals: 'true', take: 7 })).toEqual({ names });
  });

  it('walks every item once', async () => {
    const seen: string[] = [];
    let from: string | undefined;
    do {
      const page = await list({ take: 3, from });
      seen.push(...page.names);
      from = page.next;
    } while (from);
    expect(seen).toEqual(names);
  });

  it('refuses a cursor it never gave', async () => {
    for (const from of ['*', cursor('\0')])
      await expect(list({ from })).rejects.toMatchObject({ code: 'invalid_query_string' });
  });
});

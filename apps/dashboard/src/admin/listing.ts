import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { management } from '../api/index.js';

const AT_ONCE = 50;
const MOST_AT_ONCE = 100;

/** The rows stand under the plural of what they are. */
type Page<Row> = { next?: string } & { [plural: string]: Row[] | string | undefined };

/** A list of the Management API, read page by page as somebody asks for more; its `data` are the rows read so far. */
export const useListing = <Row>(key: string, path: string, plural: string, query: Record<string, string> = {}) =>
  useInfiniteQuery({
    queryKey: [key, 'list', query],
    queryFn: ({ pageParam: from }) => management<Page<Row>>(path, { query: { ...query, take: AT_ONCE, from } }),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap((page) => (page[plural] ?? []) as Row[]),
  });

/** The same to its end: where somebody chooses from a list, what they look for must be in it. */
export const useWholeListing = <Row>(key: string, path: string, plural: string, query: Record<string, string> = {}) =>
  useQuery({
    queryKey: [key, 'list', 'whole', query],
    queryFn: async () => {
      const rows: Row[] = [];
      let from: string | undefined = '';
      do {
        const page: Page<Row> = await management<Page<Row>>(path, { query: { ...query, take: MOST_AT_ONCE, from } });
        rows.push(...((page[plural] ?? []) as Row[]));
        from = page.next;
      } while (from !== undefined);
      return rows;
    },
  });

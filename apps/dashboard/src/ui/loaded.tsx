import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from './button.js';
import { Loading, Problem } from './states.js';

interface LoadedProps<Data> {
  query: Pick<UseQueryResult<Data>, 'data' | 'error' | 'refetch'>;
  what: string;
  children: (data: Data) => ReactNode;
}

/** What a query gives, or that it is on its way, or why it is not there. What was read before stays in sight. */
export function Loaded<Data>({ query: { data, error, refetch }, what, children }: LoadedProps<Data>) {
  return (
    <>
      {error && <Problem error={error} retry={() => void refetch()} />}
      {data !== undefined ? children(data) : !error && <Loading what={what} />}
    </>
  );
}

/** Goes on with a list that came in pages. */
export function More({
  query: { hasNextPage, isFetchingNextPage, fetchNextPage },
}: {
  query: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
}) {
  if (!hasNextPage) return null;
  return (
    <p>
      <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Show more
      </Button>
    </p>
  );
}

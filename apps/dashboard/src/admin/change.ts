import { useMutation, useQueryClient } from '@tanstack/react-query';

/** Nothing keeps what was sent and answered once the page is left: secrets are among it. */
const UNKEPT = { gcTime: 0 };

/** Changes something, and has whatever is kept under these keys read anew; what failed may have changed it too. */
export function useChange<Wanted = void, Answer = void>(
  change: (wanted: Wanted) => Promise<Answer>,
  ...stale: readonly string[]
) {
  const cache = useQueryClient();
  return useMutation({
    ...UNKEPT,
    mutationFn: change,
    onSettled: () => Promise.all(stale.map((key) => cache.invalidateQueries({ queryKey: [key] }))),
  });
}

/** Removes the thing that the page is about: only the list of its kind is read anew, for there is no thing to read. */
export function useRemoval(remove: () => Promise<void>, kind: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: remove,
    onSuccess: () => cache.invalidateQueries({ queryKey: [kind, 'list'] }),
  });
}

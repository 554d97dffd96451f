import { useInfiniteQuery } from '@tanstack/react-query';
import { encoded, myAccount } from '../api/index.js';

export interface Session {
  id: string;
  authenticated_at: string;
  last_interacted_at: string;
  device: { last_ip: string | null; last_user_agent: string | null };
  current: boolean;
}

export const useSessions = () =>
  useInfiniteQuery({
    queryKey: ['sessions'],
    queryFn: ({ pageParam }) =>
      myAccount<{ sessions: Session[]; next?: string }>('/sessions', { query: { take: 50, from: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  });

export const endSession = ({ id }: Session): Promise<void> => myAccount(encoded`/sessions/${id}`, { method: 'DELETE' });

/** All but the one of this browser. */
export const endOtherSessions = (): Promise<void> => myAccount('/sessions', { method: 'DELETE' });

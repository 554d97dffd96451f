import { useInfiniteQuery } from '@tanstack/react-query';
import { myAccount } from '../api/index.js';

export interface Receipt {
  id: string;
  at: string;
  type: 'exchanged' | 'refused' | 'connected' | 'connect_failed' | 'disconnected' | 'reconnect_required' | 'signed_in';
  client_id: string | null;
  client_name: string | null;
  connection: string | null;
  account_id: string | null;
  scopes: string[];
  reason?: string;
  ip: string | null;
}

export interface ReceiptFilter {
  account?: string;
  client_id?: string;
}

interface ReceiptPage {
  receipts: Receipt[];
  next?: string;
}

/** Newest first. */
export const useReceipts = (filter: ReceiptFilter = {}, take = 50) =>
  useInfiniteQuery({
    queryKey: ['receipts', filter, take],
    queryFn: ({ pageParam }) => myAccount<ReceiptPage>('/receipts', { query: { ...filter, take, from: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  });

export interface Application {
  id: string;
  name: string;
}

/** Our own page is no application that anybody would look for. */
const OURSELVES = 'strongroom-dashboard';

/** Those that appear in receipts, by name. */
export function applicationsIn(receipts: readonly Receipt[]): Application[] {
  const names = new Map<string, string>();
  for (const { client_id: id, client_name: name } of receipts)
    if (id !== null && id !== OURSELVES && !names.has(id)) names.set(id, name ?? id);
  return [...names].map(([id, name]) => ({ id, name })).sort((one, other) => one.name.localeCompare(other.name));
}

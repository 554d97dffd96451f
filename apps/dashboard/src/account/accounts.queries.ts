import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { encoded, myAccount } from '../api/index.js';

export interface Account {
  id: string;
  connection: string;
  scopes: string[];
  created_at: string;
  missing_scopes?: string[];
  warnings?: string[];
  status: 'connected' | 'reconnect_required';
  reason: string | null;
  label: string | null;
  last_used_at: string | null;
  paused_clients: string[];
}

export interface Connectable {
  name: string;
  strategy: string;
}

export interface Revocation {
  id: string;
  connection: string;
  outcome: 'pending' | 'revoked' | 'already_gone' | 'unsupported' | 'failed';
  disconnected_at: string;
  manage_url?: string;
}

const AT_ONCE = 20;
const ACCOUNTS = ['accounts'];

/** All of them: a person has a handful, and every page of this area needs their names. */
export const useAccounts = () =>
  useQuery({ queryKey: ACCOUNTS, queryFn: () => everyPage<Account>('accounts', { details: true }) });

/** What may be connected from here. */
export const useConnectable = () =>
  useQuery({ queryKey: ['connectable'], queryFn: () => everyPage<Connectable>('connections', {}) });

/** What became of the tokens of accounts that were disconnected lately. */
export const useRevocations = () =>
  useQuery({
    queryKey: ['revocations'],
    queryFn: () => myAccount<{ revocations: Revocation[] }>('/connected-accounts/revocations'),
  });

async function everyPage<Row>(plural: 'accounts' | 'connections', filter: Record<string, boolean>): Promise<Row[]> {
  const rows: Row[] = [];
  let from: string | undefined;
  do {
    const page = await myAccount<Record<typeof plural, Row[]> & { next?: string }>(`/connected-accounts/${plural}`, {
      query: { take: AT_ONCE, from, ...filter },
    });
    rows.push(...page[plural]);
    from = page.next;
  } while (from !== undefined);
  return rows;
}

/** Changes of one account; the list is read again after each. */
export function useAccountChanges({ id }: Pick<Account, 'id'>) {
  const queries = useQueryClient();
  const path = encoded`/connected-accounts/accounts/${id}`;
  const again = () => queries.invalidateQueries();
  const rename = useMutation({
    mutationFn: (label: string | null) => myAccount(path, { method: 'PATCH', body: { label } }),
    onSuccess: again,
  });
  const pause = useMutation({
    mutationFn: ({ clientId, paused }: { clientId: string; paused: boolean }) =>
      myAccount(`${path}/pauses/${encodeURIComponent(clientId)}`, { method: paused ? 'PUT' : 'DELETE' }),
    onSuccess: again,
  });
  const disconnect = useMutation({ mutationFn: () => myAccount(path, { method: 'DELETE' }), onSuccess: again });
  return { rename, pause, disconnect };
}

export const nameOf = ({ label, connection }: Pick<Account, 'label' | 'connection'>): string => label ?? connection;

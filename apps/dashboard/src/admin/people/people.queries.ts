import { useQuery } from '@tanstack/react-query';
import { encoded, management } from '../../api/index.js';
import { useChange } from '../change.js';
import { useListing } from '../listing.js';
import { anyPartOf } from '../parts/search.js';

export interface Person {
  user_id: string;
  email?: string;
  email_verified?: boolean;
  username?: string;
  name?: string;
  blocked?: boolean;
  administrator?: true;
  identities?: { connection: string; user_id: string; provider: string }[];
  multifactor?: string[];
  created_at?: string;
  last_login?: string;
  last_ip?: string;
  logins_count?: number;
}

export interface ConnectedAccount {
  id: string;
  connection: string;
  scopes: string[];
  created_at: string;
}

export interface Tokenset {
  id: string;
  connection: string;
  scope: string;
  issued_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  status: string;
  reason: string | null;
}

export interface Session {
  id: string;
  authenticated_at: string;
  last_interacted_at: string;
  expires_at: string;
  device: { last_ip: string | null; last_user_agent: string | null };
  clients: { client_id: string }[];
}

/** Everybody, or whoever has each of the words in a name, an address or an id. */
export const usePeople = (words: string) =>
  useListing<Person>('users', '/users', 'users', words === '' ? {} : { q: anyPartOf(words) });

export const usePerson = (id: string) =>
  useQuery({ queryKey: ['users', 'one', id], queryFn: () => management<Person>(encoded`/users/${id}`) });

export const useChangePerson = (id: string) =>
  useChange(
    (changes: { blocked?: boolean; administrator?: boolean }) =>
      management<Person>(encoded`/users/${id}`, { method: 'PATCH', body: changes }),
    'users',
    `sessions of ${id}`,
  );

export const useAccountsOf = (id: string) =>
  useListing<ConnectedAccount>(`accounts of ${id}`, encoded`/users/${id}/connected-accounts`, 'connected_accounts');

export const useTokensetsOf = (id: string) =>
  useQuery({
    queryKey: [`tokensets of ${id}`],
    queryFn: () => management<Tokenset[]>(encoded`/users/${id}/federated-connections-tokensets`),
  });

export const useDisconnect = (id: string) =>
  useChange(
    (account: string) => management(encoded`/users/${id}/connected-accounts/${account}`, { method: 'DELETE' }),
    `accounts of ${id}`,
    `tokensets of ${id}`,
  );

export const useSessionsOf = (id: string) =>
  useListing<Session>(`sessions of ${id}`, encoded`/users/${id}/sessions`, 'sessions');

export const useRevokeSession = (id: string) =>
  useChange(
    (session: string) => management(encoded`/sessions/${session}/revoke`, { method: 'POST' }),
    `sessions of ${id}`,
  );

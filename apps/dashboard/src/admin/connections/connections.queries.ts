import { useMutation, useQuery } from '@tanstack/react-query';
import { encoded, management } from '../../api/index.js';
import { useChange, useRemoval } from '../change.js';
import { useWholeListing } from '../listing.js';
import { save } from '../save.js';

export interface Connection {
  id: string;
  name: string;
  strategy: string;
  display_name?: string;
  /** Where there is a secret, its mask stands in its place; sent back it says that the secret stays. */
  options: Record<string, unknown>;
  enabled_clients: string[];
  authentication: { active: boolean };
  connected_accounts: { active: boolean; allow_missing_user_id?: boolean };
  provider_redirect_uris?: string[];
  provider?: { id: string; name: string; register_url?: string };
  warnings?: string[];
}

export type NewConnection = Pick<
  Connection,
  'name' | 'strategy' | 'display_name' | 'options' | 'authentication' | 'connected_accounts'
>;

export type ConnectionChanges = Partial<Pick<Connection, 'options' | 'authentication' | 'connected_accounts'>> & {
  display_name?: string | null;
};

export interface Verified {
  ok: boolean;
  checks: { name: string; ok: boolean; detail: string; remedy: string | null }[];
}

export const useConnections = () => useWholeListing<Connection>('connections', '/connections', 'connections');

/** Whether it has a provider: the one where passwords are kept has none. */
export const hasProvider = ({ provider_redirect_uris: addresses }: Connection): boolean => addresses !== undefined;

export const useConnection = (id: string) =>
  useQuery({
    queryKey: ['connections', 'one', id],
    queryFn: () => management<Connection>(encoded`/connections/${id}`),
  });

export const useCreateConnection = () =>
  useChange(
    (wanted: NewConnection) => management<Connection>('/connections', { method: 'POST', body: wanted }),
    'connections',
  );

export const useChangeConnection = (shown: Connection) =>
  useChange(
    (changes: ConnectionChanges) => save({ path: encoded`/connections/${shown.id}`, shown }, changes),
    'connections',
  );

export const useDeleteConnection = (id: string) =>
  useRemoval(() => management(encoded`/connections/${id}`, { method: 'DELETE' }), 'connections');

export const useVerify = (id: string) =>
  useMutation({ mutationFn: () => management<Verified>(encoded`/connections/${id}/verify`, { method: 'POST' }) });

export const useEnableClient = (id: string) =>
  useChange(
    (state: { client_id: string; status: boolean }) =>
      management(encoded`/connections/${id}/clients`, { method: 'PATCH', body: [state] }),
    'connections',
  );

import { encoded, management } from '../../api/index.js';
import { useChange } from '../change.js';
import { useListing, useWholeListing } from '../listing.js';

export interface ClientGrant {
  id: string;
  audience: string;
  subject_type: 'client' | 'user';
  scope: string[];
  allow_all_scopes: boolean;
}

export type NewGrant = Pick<ClientGrant, 'audience' | 'subject_type' | 'scope'>;

export const useClientGrants = (clientId: string) =>
  useListing<ClientGrant>(keyOf(clientId), '/client-grants', 'client_grants', { client_id: clientId });

export const useApis = () =>
  useWholeListing<{ identifier: string; name?: string }>('apis', '/resource-servers', 'resource_servers');

export const useAllow = (clientId: string) =>
  useChange(
    (grant: NewGrant) => management('/client-grants', { method: 'POST', body: { ...grant, client_id: clientId } }),
    keyOf(clientId),
  );

export const useChangeGrant = (clientId: string, id: string) =>
  useChange(
    (scope: string[]) => management(encoded`/client-grants/${id}`, { method: 'PATCH', body: { scope } }),
    keyOf(clientId),
  );

export const useTakeAway = (clientId: string, id: string) =>
  useChange(() => management(encoded`/client-grants/${id}`, { method: 'DELETE' }), keyOf(clientId));

const keyOf = (clientId: string) => `grants of ${clientId}`;

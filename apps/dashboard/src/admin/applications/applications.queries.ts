import { useMutation, useQuery } from '@tanstack/react-query';
import { encoded, management } from '../../api/index.js';
import { useChange, useRemoval } from '../change.js';
import { useWholeListing } from '../listing.js';
import { save } from '../save.js';

export interface VaultPolicy {
  connections?: string[];
  scopes?: string[];
  exchanges_per_minute?: number;
  expires_at?: string;
}

export interface RefreshTokenSettings {
  rotation_type: 'rotating' | 'non-rotating';
  expiration_type: 'expiring' | 'non-expiring';
  policies?: { audience: string; scope: string[] }[];
}

export interface Application {
  client_id: string;
  name: string;
  description?: string;
  app_type?: string;
  is_first_party: boolean;
  oidc_conformant: boolean;
  token_endpoint_auth_method?: string;
  resource_server_identifier?: string;
  grant_types: string[];
  callbacks: string[];
  allowed_logout_urls: string[];
  web_origins: string[];
  refresh_token?: RefreshTokenSettings;
  vault_policy?: VaultPolicy;
  token_vault_privileged_access?: {
    ip_allowlist: string[];
    grants: { connection: string; scopes: string[] }[];
  };
}

/** Only answered when one was made: by creating, and by rotating. */
export interface WithSecret extends Application {
  client_secret?: string;
}

export type ApplicationChanges = Partial<
  Pick<Application, 'name' | 'callbacks' | 'allowed_logout_urls' | 'web_origins'>
> & { vault_policy?: VaultPolicy | null };

export interface Checked {
  ok: boolean;
  checks: {
    name: string;
    ok: boolean;
    setting: string;
    found: string | boolean | string[] | null;
    expected: string;
    remedy: string | null;
  }[];
}

export interface NewApplication {
  /** An API that comes along. */
  api?: { identifier: string; name: string; allow_offline_access: boolean };
  client: Record<string, unknown>;
  /** What this kind of client is allowed besides. */
  grants: Record<string, unknown>[];
}

// An administrator's token would be answered the secret, and nobody here reads one back.
const WITHOUT_SECRET = { fields: 'client_secret', include_fields: false };

export const useApplications = () =>
  useWholeListing<Application>('clients', '/clients', 'clients', { fields: 'client_secret', include_fields: 'false' });

export const useApplication = (id: string) =>
  useQuery({
    queryKey: ['clients', 'one', id],
    queryFn: () => management<Application>(encoded`/clients/${id}`, { query: WITHOUT_SECRET }),
  });

export const useCreateApplication = () => useChange(create, 'clients');

/** All of it or nothing: what was made is taken back where a later step is refused. The client's answer has the secret. */
async function create({ api, client, grants }: NewApplication): Promise<WithSecret> {
  const undo: (() => Promise<void>)[] = [];
  try {
    if (api) {
      await management('/resource-servers', { method: 'POST', body: api });
      undo.push(() => management(encoded`/resource-servers/${api.identifier}`, { method: 'DELETE' }));
    }
    const made = await management<WithSecret>('/clients', { method: 'POST', body: client });
    undo.push(() => management(encoded`/clients/${made.client_id}`, { method: 'DELETE' }));
    for (const grant of grants)
      await management('/client-grants', { method: 'POST', body: { ...grant, client_id: made.client_id } });
    return made;
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

export const useChangeApplication = (shown: Application) =>
  useChange(
    (changes: ApplicationChanges) =>
      save({ path: encoded`/clients/${shown.client_id}`, query: WITHOUT_SECRET, shown }, changes),
    'clients',
  );

export const useDeleteApplication = (id: string) =>
  useRemoval(() => management(encoded`/clients/${id}`, { method: 'DELETE' }), 'clients');

export const useRotateSecret = (id: string) =>
  useChange(() => management<WithSecret>(encoded`/clients/${id}/rotate-secret`, { method: 'POST' }));

export const useCheck = (clientId: string) =>
  useMutation({
    mutationFn: (connection: string) =>
      management<Checked>('/token-vault/check', { query: { client_id: clientId, connection } }),
  });

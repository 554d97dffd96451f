const all = (noun: string) => ['create', 'read', 'update', 'delete'].map((verb) => `${verb}:${noun}`);

/** Every scope of the Management API; who is to touch an administrator holds all of them. */
export const MANAGEMENT_SCOPES: readonly string[] = [
  ...all('clients'),
  ...all('client_keys'),
  ...all('client_credentials'),
  'read:client_summary',
  'update:client_token_vault_privileged_access',
  ...all('client_grants'),
  ...all('resource_servers'),
  ...all('users'),
  'update:current_user_identities',
  'read:authentication_methods',
  'delete:authentication_methods',
  ...all('connections'),
  'create:connections_keys',
  'read:connections_keys',
  'update:connections_keys',
  'read:federated_connections_tokens',
  'update:federated_connections_tokens',
  'delete:federated_connections_tokens',
  'read:federated_connections_tokensets',
  'update:federated_connections_tokensets',
  'read:sessions',
  'delete:sessions',
  'read:refresh_tokens',
  'delete:refresh_tokens',
  'read:grants',
  'delete:grants',
  'read:mfa_policies',
  'update:mfa_policies',
  'read:tenant_settings',
  'update:tenant_settings',
  'create:signing_keys',
  'read:signing_keys',
  'update:signing_keys',
  'read:encryption_keys',
  'update:encryption_keys',
  'read:logs',
  'read:stats',
  'read:events',
  'update:events',
];

/** Those that the client libraries ask for. */
export const MY_ACCOUNT_SCOPES: readonly string[] = [
  'create:me:connected_accounts',
  'read:me:connected_accounts',
  'delete:me:connected_accounts',
];

/** Those of a person's own page; they stay when the API is adopted with another list. */
export const OWN_PAGE_SCOPES: readonly string[] = [
  'update:me:connected_accounts',
  'read:me:receipts',
  'read:me:sessions',
  'delete:me:sessions',
];

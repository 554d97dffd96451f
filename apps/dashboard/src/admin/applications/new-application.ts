import { textOf, wordsOf } from '../parts/words.js';
import type { NewApplication } from './applications.queries.js';
import { type Kind, VAULT_GRANT } from './kinds.js';

const CONNECTING = ['create', 'read', 'delete'].map((verb) => `${verb}:me:connected_accounts`);
const SECRET = { token_endpoint_auth_method: 'client_secret_post' };

/** What makes it, of the fields of its form. `myAccount` is the audience at which people connect accounts. */
export function newApplication(kind: Kind, values: FormData, myAccount: string): NewApplication {
  const name = textOf(values.get('name'));
  if (kind === 'api') return apiClient(name, values);
  if (kind === 'worker') return { client: worker(name, values), grants: [] };
  return {
    client: kind === 'web' ? webApplication(name, values, myAccount) : browserApplication(name, values, myAccount),
    grants: [{ audience: myAccount, subject_type: 'user', scope: CONNECTING }],
  };
}

const signsPeopleIn = (name: string, values: FormData) => ({
  ...{ name, is_first_party: true, oidc_conformant: true, callbacks: wordsOf(values.get('callbacks')) },
});

const webApplication = (name: string, values: FormData, myAccount: string) => ({
  ...signsPeopleIn(name, values),
  ...SECRET,
  app_type: 'regular_web',
  grant_types: ['authorization_code', 'refresh_token', VAULT_GRANT],
  refresh_token: {
    // An exchange presents it and brings no other, so one that rotates cannot be exchanged.
    ...{ rotation_type: 'non-rotating', expiration_type: 'non-expiring' },
    policies: [{ audience: myAccount, scope: CONNECTING }],
  },
});

const browserApplication = (name: string, values: FormData, myAccount: string) => ({
  ...signsPeopleIn(name, values),
  app_type: 'spa',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  web_origins: wordsOf(values.get('web_origins')),
  refresh_token: {
    ...{ rotation_type: 'rotating', expiration_type: 'expiring' },
    policies: [{ audience: myAccount, scope: CONNECTING }],
  },
});

function apiClient(name: string, values: FormData): NewApplication {
  const identifier = textOf(values.get('api'));
  return {
    ...(values.get('new_api') === null ? {} : { api: { identifier, name, allow_offline_access: true } }),
    client: {
      ...{ name, app_type: 'resource_server', resource_server_identifier: identifier, grant_types: [VAULT_GRANT] },
    },
    grants: [],
  };
}

const worker = (name: string, values: FormData) => ({
  ...{ name, is_first_party: true, oidc_conformant: true, app_type: 'non_interactive', grant_types: [VAULT_GRANT] },
  ...SECRET,
  token_vault_privileged_access: {
    credentials: [{ credential_type: 'public_key', alg: 'RS256', pem: textOf(values.get('key')) }],
    ip_allowlist: wordsOf(values.get('addresses')),
    grants: textOf(values.get('worker_grants'))
      .split('\n')
      .map(wordsOf)
      .flatMap(([connection, ...scopes]) => (connection === undefined ? [] : [{ connection, scopes }])),
  },
});

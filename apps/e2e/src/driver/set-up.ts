import { Browser } from './browser.js';
import { VAULT_GRANT } from './vault-grant.js';
import type { Json } from './http.js';
import type { Installation } from './installation.js';
import { SimulatedProvider } from './simulated-provider.js';
import { newVerifier, unique } from './unique.js';

export const MY_ACCOUNT_SCOPES = [
  'create:me:connected_accounts',
  'read:me:connected_accounts',
  'delete:me:connected_accounts',
  'update:me:connected_accounts',
  'read:me:receipts',
];

export interface Person {
  userId: string;
  email: string;
  password: string;
  browser: Browser;
}

export interface Client {
  id: string;
  /** Empty where it has none. */
  secret: string;
  callback: string;
}

export interface Connection {
  id: string;
  name: string;
  provider: SimulatedProvider;
}

export async function createPerson(installation: Installation, changes: Json = {}): Promise<Person> {
  const email = `${unique('person')}@people.example`;
  const password = newVerifier();
  const made = await installation.manage('POST', '/users', {
    connection: 'Username-Password-Authentication',
    email,
    password,
    email_verified: true,
    ...changes,
  });
  return { userId: String(made['user_id']), email, password, browser: new Browser(installation) };
}

/** A confidential first-party application that may do all that the vault needs, with `changes` over that. */
export async function createClient(installation: Installation, changes: Json = {}): Promise<Client> {
  const callback = 'https://app.example/callback';
  const made = await installation.manage('POST', '/clients', {
    name: unique('app'),
    app_type: 'regular_web',
    is_first_party: true,
    oidc_conformant: true,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token', VAULT_GRANT],
    callbacks: [callback],
    refresh_token: {
      rotation_type: 'non-rotating',
      expiration_type: 'non-expiring',
      policies: [{ audience: installation.myAccountAudience, scope: MY_ACCOUNT_SCOPES }],
    },
    ...changes,
  });
  const id = String(made['client_id']);
  await installation.manage('POST', '/client-grants', {
    client_id: id,
    audience: installation.myAccountAudience,
    subject_type: 'user',
    scope: MY_ACCOUNT_SCOPES,
  });
  return { id, secret: typeof made['client_secret'] === 'string' ? made['client_secret'] : '', callback };
}

/** An API and the client that exchanges the access tokens it is sent. */
export async function createApi(installation: Installation): Promise<{ audience: string; client: Client }> {
  const audience = `https://${unique('api')}.example/`;
  await installation.manage('POST', '/resource-servers', {
    identifier: audience,
    name: unique('API'),
    allow_offline_access: true,
    skip_consent_for_verifiable_first_party_clients: true,
  });
  const made = await installation.manage('POST', '/clients', {
    name: unique('api-client'),
    app_type: 'resource_server',
    resource_server_identifier: audience,
    grant_types: [VAULT_GRANT],
  });
  return { audience, client: { id: String(made['client_id']), secret: String(made['client_secret']), callback: '' } };
}

export interface WantedConnection {
  clients: Client[];
  /** How the provider behaves. */
  provider?: Json;
  /** Over the usual options of the connection. */
  options?: Json;
  strategy?: 'oauth2' | 'oidc';
  scopes?: string[];
}

/** A provider that takes a replaced refresh token for a minute, and a connection that knows it. */
export const GRACE = {
  provider: { refresh: { rotate: 'always', reuse: 'grace', graceSeconds: 60 } },
  options: {
    provider_settings: {
      refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 60, onAmbiguous: 'retry-same' },
    },
  },
};

/** A connection to a simulated provider of its own, enabled for the clients. */
export async function createConnection(installation: Installation, wanted: WantedConnection): Promise<Connection> {
  const { strategy = 'oauth2', scopes = ['read', 'write'] } = wanted;
  const provider = await SimulatedProvider.create(installation, {
    ...(strategy === 'oidc' ? { issueIdToken: true } : {}),
    ...wanted.provider,
  });
  const endpoints =
    strategy === 'oidc'
      ? { issuer: provider.url, type: 'back_channel' }
      : {
          authorizationURL: `${provider.url}/authorize`,
          tokenURL: `${provider.url}/token`,
          userInfoURL: `${provider.url}/userinfo`,
          fieldsMap: { user_id: 'sub', email: 'email', name: 'name' },
          useOauthSpecScope: true,
        };
  const name = unique('connection');
  const made = await installation.manage('POST', '/connections', {
    name,
    strategy,
    authentication: { active: false },
    connected_accounts: { active: true },
    options: {
      client_id: provider.clientId,
      client_secret: provider.clientSecret,
      scope: scopes.join(' '),
      ...endpoints,
      ...wanted.options,
    },
  });
  const id = String(made['id']);
  await enable(installation, id, wanted.clients);
  const redirectUris = [`${installation.url}/connect/callback/${name}`];
  await provider.change({ redirectUris });
  return { id, name, provider };
}

export async function enable(installation: Installation, connectionId: string, clients: Client[], status = true) {
  if (clients.length === 0) return;
  const list = clients.map(({ id }) => ({ client_id: id, status }));
  await installation.manage('PATCH', `/connections/${connectionId}/clients`, list);
}

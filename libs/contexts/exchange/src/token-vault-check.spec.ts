import type { ClientSetup, ConnectionView, VaultPolicy } from '@strongroom/contracts';
import { TOKEN_EXCHANGE_GRANT, VAULT_GRANT } from './exchange.request.js';
import { setupChecks } from './token-vault-check.js';

const AUDIENCE = 'https://vault.example.com/me/';
const SCOPES = ['create:me:connected_accounts', 'read:me:connected_accounts', 'delete:me:connected_accounts'];
const POLICY: VaultPolicy = { connections: null, scopes: null, exchangesPerMinute: null, expiresAt: null };
const MY_ACCOUNT = { userPolicy: 'require_client_grant', clientPolicy: 'deny_all', scopes: SCOPES };
const WORKER = { addresses: ['192.0.2.1'], grants: [{ connection: 'acme', scopes: ['read'] }] };

const app: ClientSetup = {
  clientId: 'app',
  appType: 'regular_web',
  authMethod: 'client_secret_post',
  isConfidential: true,
  grantTypes: ['authorization_code', 'refresh_token', VAULT_GRANT],
  firstParty: true,
  oidcConformant: true,
  callbacks: ['https://app.example/callback'],
  rotationType: 'non-rotating',
  refreshesForMyAccount: SCOPES,
  ownApi: null,
  policy: null,
  worker: null,
  mfaPolicies: [],
  myAccount: MY_ACCOUNT,
  myAccountGrant: SCOPES,
};
const api: ClientSetup = {
  ...app,
  appType: 'resource_server',
  ownApi: { identifier: 'https://api.example/', exists: true },
  grantTypes: [VAULT_GRANT],
  ...{ callbacks: [], rotationType: null, refreshesForMyAccount: null, myAccountGrant: null },
};
const acme = { name: 'acme', enabledForClient: true, vaultActive: true } as ConnectionView;

const failing = (client: ClientSetup, connection: ConnectionView | null = acme) =>
  setupChecks(client, connection, AUDIENCE)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);

describe('the check of a set-up', () => {
  it('AD-06 finds nothing wrong with clients that can do what they are for', () => {
    const policy = {
      connections: ['acme'],
      scopes: ['read'],
      exchangesPerMinute: 1,
      expiresAt: '2999-01-01T00:00:00Z',
    };
    const plain = { ...api, grantTypes: [TOKEN_EXCHANGE_GRANT] };
    for (const client of [app, api, plain, { ...app, policy, worker: WORKER }, { ...app, rotationType: null }])
      expect(failing(client)).toEqual([]);
    for (const { remedy } of setupChecks(app, acme, AUDIENCE)) expect(remedy).toBeNull();
  });

  it.each<[string, ClientSetup, ConnectionView | null]>([
    ['client_confidential', { ...app, isConfidential: false, authMethod: 'none' }, acme],
    ['client_grant_type', { ...app, grantTypes: ['authorization_code', 'refresh_token'] }, acme],
    ['client_first_party', { ...app, firstParty: false }, acme],
    ['client_oidc_conformant', { ...app, oidcConformant: false }, acme],
    ['client_rotation', { ...app, rotationType: 'rotating' }, acme],
    ['client_own_api', { ...api, ownApi: { identifier: 'https://api.example/', exists: false } }, acme],
    ['mfa_policy', { ...app, mfaPolicies: ['all-applications'] }, acme],
    ['connection_exists', app, null],
    ['connection_exists', { ...app, policy: { ...POLICY, connections: [] }, worker: WORKER }, null],
    ['connection_enabled', app, { ...acme, enabledForClient: false }],
    ['connection_vault', app, { ...acme, vaultActive: false }],
    ['policy_connections', { ...app, policy: { ...POLICY, connections: ['other'] } }, acme],
    ['policy_scopes', { ...app, policy: { ...POLICY, scopes: [] } }, acme],
    ['policy_end', { ...app, policy: { ...POLICY, expiresAt: '2020-01-01T00:00:00Z' } }, acme],
    ['worker_addresses', { ...app, worker: { ...WORKER, addresses: [] } }, acme],
    ['worker_connection', { ...app, worker: { ...WORKER, grants: [] } }, acme],
    ['client_refresh_grant', { ...app, grantTypes: ['authorization_code', VAULT_GRANT] }, acme],
    ['client_callbacks', { ...app, callbacks: [] }, acme],
    ['my_account_api', { ...app, myAccount: null, myAccountGrant: null }, acme],
    ['my_account_api', { ...app, myAccount: { ...MY_ACCOUNT, userPolicy: 'deny_all' } }, acme],
    ['my_account_api', { ...app, myAccount: { ...MY_ACCOUNT, clientPolicy: 'require_client_grant' } }, acme],
    ['my_account_api', { ...app, myAccount: { ...MY_ACCOUNT, scopes: SCOPES.slice(1) } }, acme],
    ['my_account_grant', { ...app, myAccountGrant: null }, acme],
    ['my_account_grant', { ...app, myAccountGrant: SCOPES.slice(1) }, acme],
    ['client_my_account_tokens', { ...app, refreshesForMyAccount: null }, acme],
    ['client_my_account_tokens', { ...app, refreshesForMyAccount: SCOPES.slice(1) }, acme],
  ])('AD-06 names %s, and nothing else, when it is broken', (name, client, connection) => {
    expect(failing(client, connection)).toEqual([name]);
    const broken = setupChecks(client, connection, AUDIENCE).find((check) => check.name === name)!;
    expect(broken.setting).toMatch(/\w/);
    expect(broken.expected).toMatch(/\w/);
    expect(broken.remedy).toMatch(/^[A-Z].*\.$/);
  });
});

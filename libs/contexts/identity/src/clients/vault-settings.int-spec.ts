import { Clients } from '@strongroom/contracts';
import { newClient, pem } from '../../test/new-client.js';
import { startOwnRegistry, type RegistryApp } from '../../test/registry-app.js';

const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';

describe('what a client may do in the vault, over the Management API', () => {
  let registry: RegistryApp;

  beforeAll(async () => void (registry = await startOwnRegistry()));
  afterAll(() => registry?.stop());

  const client = (more?: Record<string, unknown>) => newClient(registry, more);

  describe('vault_policy', () => {
    const policy = {
      ...{ connections: ['google-oauth2'], scopes: ['mail.read', 'https://www.googleapis.com/auth/calendar'] },
      ...{ exchanges_per_minute: 60, expires_at: '2031-02-28T12:00:00+02:00' },
    };
    const patch = (id: string, body: unknown) => registry.call('PATCH', `/clients/${id}`, body, ['update:clients']);

    it('AD-08 is kept whole, comes back as it was sent, and goes by null', async () => {
      const { client_id } = await client({ vault_policy: policy });
      const read = await registry.call('GET', `/clients/${client_id}`, undefined, ['read:clients']);
      expect(read.body).toMatchObject({ vault_policy: policy });
      expect((await patch(client_id, read.body)).status).toBe(200);
      const ended = { expires_at: '2020-01-01T00:00:00Z' };
      for (const other of [ended, {}, { connections: [], scopes: [] }]) {
        const { status, body } = await patch(client_id, { vault_policy: other });
        expect([status, body['vault_policy']]).toEqual([200, other]);
      }
      expect((await patch(client_id, { vault_policy: null })).body).not.toHaveProperty('vault_policy');
    });

    it('AD-08 says what is wrong with one, and names a member that is none', async () => {
      const { client_id } = await client({});
      const wrong: [Record<string, unknown>, RegExp][] = [
        [{ connections: ['no name'] }, /vault_policy.connections.0: must be the name of a connection/],
        [{ connections: ['a', 'a'] }, /vault_policy.connections: names something twice/],
        [{ connections: 'a' }, /vault_policy.connections/],
        [{ scopes: ['two words'] }, /vault_policy.scopes.0: must be a scope/],
        [{ exchanges_per_minute: 0 }, /vault_policy.exchanges_per_minute: must be at least 1/],
        [{ exchanges_per_minute: 1.5 }, /vault_policy.exchanges_per_minute: must be a whole number/],
        [{ exchanges_per_minute: '60' }, /vault_policy.exchanges_per_minute/],
        [{ expires_at: '2031-02-30T12:00:00Z' }, /vault_policy.expires_at: must be an instant/],
        [{ expires_at: '2031-02-28' }, /vault_policy.expires_at: must be an instant/],
        [{ until: '2031-02-28T12:00:00Z' }, /vault_policy.*until/],
      ];
      for (const [vault_policy, said] of wrong) {
        const { status, body } = await patch(client_id, { vault_policy });
        expect([vault_policy, status, body['message']]).toEqual([vault_policy, 400, expect.stringMatching(said)]);
      }
    });

    it('AD-08 is named by the event of its change, and of no other', async () => {
      const { client_id } = await client({});
      await patch(client_id, { vault_policy: policy });
      await patch(client_id, { vault_policy: policy });
      const [, ...changes] = await registry.eventsOf(client_id);
      expect(changes).toMatchObject([{ data: { changed: ['vault_policy'] } }]);
    });
  });

  describe('token_vault_privileged_access', () => {
    const key = () => ({ name: 'worker', credential_type: 'public_key', pem: pem() });
    const grants = [{ connection: 'google', scopes: ['mail.read'] }];
    const access = (more: Record<string, unknown> = {}) => ({
      token_vault_privileged_access: {
        credentials: [key()],
        ip_allowlist: ['192.0.2.0/24', '2001:db8::1'],
        grants,
        ...more,
      },
    });
    const patch = (id: string, body: unknown, scopes?: string[]) =>
      registry.call('PATCH', `/clients/${id}`, body, scopes);
    const credentialsOf = (id: string) =>
      registry.database.query<{ id: string }[]>('SELECT id FROM client_credentials WHERE client_id = $1 ORDER BY id', [
        id,
      ]);

    it('PW-04 is kept, keys by their ids, and with empty lists too', async () => {
      const created = await client(access());
      const kept = created['token_vault_privileged_access'] as { credentials: { id: string }[] };
      expect(kept).toEqual({
        credentials: [{ id: expect.stringMatching(/^cred_/) as string }],
        ...{ ip_allowlist: ['192.0.2.0/24', '2001:db8::1'], grants },
      });
      expect(JSON.stringify(created)).not.toContain('BEGIN');
      const empty = await patch(created.client_id, {
        token_vault_privileged_access: { credentials: kept.credentials, ip_allowlist: [], grants: [] },
      });
      expect([empty.status, empty.body['token_vault_privileged_access']]).toEqual([
        200,
        { credentials: kept.credentials, ip_allowlist: [], grants: [] },
      ]);
      expect((await registry.eventsOf(created.client_id)).at(-1)).toMatchObject({
        data: { changed: ['token_vault_privileged_access'] },
      });
    });

    it('takes its keys with it when it goes, and not those that authenticate the client', async () => {
      const { client_id, ...created } = await client(access());
      const { credentials } = created['token_vault_privileged_access'] as { credentials: { id: string }[] };
      const both = { client_authentication_methods: { private_key_jwt: { credentials } } };
      await patch(client_id, { ...both, token_endpoint_auth_method: null });
      await patch(client_id, { token_vault_privileged_access: null });
      expect(await credentialsOf(client_id)).toEqual(credentials);
      const back = { token_vault_privileged_access: { credentials } };
      await patch(client_id, { ...back, client_authentication_methods: null });
      expect(await credentialsOf(client_id)).toEqual(credentials);
      await patch(client_id, { token_vault_privileged_access: null });
      expect(await credentialsOf(client_id)).toEqual([]);
    });

    it("D4 refuses another client's key, and one that is not for RS256", async () => {
      const [own, other] = [await client(), await client(access())];
      const { credentials } = other['token_vault_privileged_access'] as { credentials: { id: string }[] };
      const foreign = await patch(own.client_id, access({ credentials }));
      const absent = await patch(own.client_id, access({ credentials: [{ id: 'cred_nobody' }] }));
      expect([foreign.status, foreign.text]).toEqual([400, absent.text]);
      const { body } = await registry.call('POST', `/clients/${own.client_id}/credentials`, { ...key(), alg: 'PS256' });
      const named = access({ credentials: [{ id: body['id'] }] });
      expect((await patch(own.client_id, named)).body['errorCode']).toBe('invalid_body');
    });

    it('needs a scope of its own to be set, changed or taken away, and none to be sent back as it is', async () => {
      const some = ['create:clients', 'update:clients'];
      expect((await registry.call('POST', '/clients', { name: 'x', ...access() }, some)).body).toMatchObject({
        ...{ statusCode: 403, errorCode: 'insufficient_scope' },
        message: 'Insufficient scope, expected any of: update:client_token_vault_privileged_access',
      });
      const { client_id } = await client(access());
      const { body } = await registry.call('GET', `/clients/${client_id}`, undefined, ['read:clients']);
      expect((await patch(client_id, { ...body, name: 'Renamed' }, some)).status).toBe(200);
      for (const wider of [access({ grants: [] }), { token_vault_privileged_access: null }])
        expect((await patch(client_id, wider, some)).status).toBe(403);
    });
  });

  it('AD-06 tells the check of each setting that it looks at, as soon as it is changed', async () => {
    const audience = 'https://vault.example.com/me/';
    const scope = ['create:me:connected_accounts', 'read:me:connected_accounts', 'delete:me:connected_accounts'];
    const rotation = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' };
    const { client_id } = await client({ app_type: 'regular_web', callbacks: ['https://app.example.com/callback'] });
    const told = () => registry.app.get(Clients, { strict: false }).setup(client_id);
    const changed = async (method: string, path: string, body: unknown) =>
      expect([200, 201]).toContain((await registry.call(method, path, body)).status);
    const patch = (body: unknown) => changed('PATCH', `/clients/${client_id}`, body);
    expect(await told()).toEqual({
      ...{ clientId: client_id, appType: 'regular_web', authMethod: 'client_secret_post', isConfidential: true },
      ...{ grantTypes: ['authorization_code', 'refresh_token'], firstParty: true, oidcConformant: false },
      ...{ callbacks: ['https://app.example.com/callback'], rotationType: null, refreshesForMyAccount: null },
      ...{ ownApi: null, policy: null, worker: null, mfaPolicies: [], myAccountGrant: null },
      myAccount: {
        ...{ userPolicy: 'require_client_grant', clientPolicy: 'deny_all' },
        scopes: expect.arrayContaining(scope),
      },
    });

    await patch({ refresh_token: { ...rotation, policies: [{ audience, scope }] } });
    await patch({ vault_policy: { scopes: ['read'] }, grant_types: [VAULT_GRANT], oidc_conformant: true });
    const grants = [{ connection: 'acme', scopes: ['read'] }];
    await patch({ token_vault_privileged_access: { ip_allowlist: ['192.0.2.1'], grants } });
    const grant = { client_id, audience, scope };
    await changed('POST', '/client-grants', { ...grant, subject_type: 'client' });
    expect(await told()).toMatchObject({ myAccountGrant: null });
    await changed('POST', '/client-grants', { ...grant, subject_type: 'user' });
    await changed('PUT', '/guardian/policies', ['all-applications']);
    expect(await told()).toMatchObject({
      ...{ grantTypes: [VAULT_GRANT], oidcConformant: true, rotationType: 'non-rotating' },
      ...{ refreshesForMyAccount: scope, myAccountGrant: scope, mfaPolicies: ['all-applications'] },
      policy: { connections: null, scopes: ['read'], exchangesPerMinute: null, expiresAt: null },
      worker: { addresses: ['192.0.2.1'], grants },
    });
    await changed('PUT', '/guardian/policies', []);

    const api = { identifier: 'https://checked.example.com', name: 'Checked' };
    await changed('POST', '/resource-servers', api);
    await patch({ app_type: 'resource_server', resource_server_identifier: api.identifier });
    expect(await told()).toMatchObject({ ownApi: { identifier: api.identifier, exists: true } });
    for (const gone of [api.identifier, audience])
      await registry.call('DELETE', `/resource-servers/${encodeURIComponent(gone)}`);
    expect(await told()).toMatchObject({ ownApi: { exists: false }, myAccount: null });
    await changed('POST', '/resource-servers', { identifier: audience, name: 'My Account' });
    expect(await registry.app.get(Clients, { strict: false }).setup('nobody')).toBeNull();
  });
});

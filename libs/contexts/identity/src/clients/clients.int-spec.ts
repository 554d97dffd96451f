import { createHash } from 'node:crypto';
import { STORED_OF_CLIENT } from './client.schema.js';
import { newClient, pem } from '../../test/new-client.js';
import { startOwnRegistry, type RegistryApp } from '../../test/registry-app.js';

const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';

describe('clients over the Management API', () => {
  let registry: RegistryApp;

  beforeAll(async () => void (registry = await startOwnRegistry()));
  afterAll(() => registry?.stop());

  const client = (more?: Record<string, unknown>) => newClient(registry, more);
  const rowOf = async (clientId: string) => {
    const rows = await registry.database.query<Record<string, unknown>[]>(
      'SELECT * FROM clients WHERE client_id = $1',
      [clientId],
    );
    return rows[0]!;
  };
  const sha256 = (text: string) => createHash('sha256').update(text).digest();

  it('creates with the defaults of the contract and answers the secret', async () => {
    const created = await client();
    expect(created).toMatchObject({
      ...{ name: 'An application', is_first_party: true, oidc_conformant: false, require_pkce: true, global: false },
      ...{ callbacks: [], allowed_logout_urls: [], web_origins: [] },
    });
    expect(created.client_secret).toMatch(/^[\w-]{43}$/);
    expect(await registry.eventsOf(created.client_id)).toMatchObject([
      { type: 'strongroom.client.created.v1', sequence: 1, data: { firstParty: true, status: 'active' } },
    ]);
  });

  it('keeps of a secret its hash and a sealed copy', async () => {
    const { client_id, client_secret } = await client();
    const row = await rowOf(client_id);
    expect(sha256(client_secret).equals(row['secret_hash'] as Buffer)).toBe(true);
    expect(JSON.stringify(row)).not.toContain(client_secret);
    expect((row['secret_sealed'] as Buffer).includes(client_secret)).toBe(false);
  });

  it('answers the secret by GET only with read:client_keys', async () => {
    const { client_id, client_secret } = await client();
    const without = await registry.call('GET', `/clients/${client_id}`, undefined, ['read:clients']);
    expect([without.status, without.text.includes(client_secret)]).toEqual([200, false]);
    const list = await registry.call('GET', '/clients', undefined, ['read:clients']);
    expect(list.text).not.toContain('"client_secret":');
    const patched = await registry.call('PATCH', `/clients/${client_id}`, { description: 'x' });
    expect(patched.body).not.toHaveProperty('client_secret');
    const withKeys = await registry.call('GET', `/clients/${client_id}`, undefined, ['read:client_keys']);
    expect(withKeys.body['client_secret']).toBe(client_secret);
  });

  it('rotates a secret: the answer holds the new one, the old one is gone', async () => {
    const { client_id, client_secret } = await client();
    expect(
      (await registry.call('POST', `/clients/${client_id}/rotate-secret`, undefined, ['update:clients'])).status,
    ).toBe(403);
    const { status, body } = await registry.call('POST', `/clients/${client_id}/rotate-secret`);
    expect(status).toBe(200);
    expect(body['client_secret']).not.toBe(client_secret);
    expect(sha256(body['client_secret'] as string).equals((await rowOf(client_id))['secret_hash'] as Buffer)).toBe(
      true,
    );
    expect((await registry.eventsOf(client_id)).at(-1)).toMatchObject({
      sequence: 2,
      data: { changed: ['client_secret'] },
    });
  });

  it('takes a secret by PATCH only with update:client_keys', async () => {
    const { client_id } = await client();
    const client_secret = 'cnry_chosen_secret_of_40_characters_long';
    const body = { client_secret };
    expect((await registry.call('PATCH', `/clients/${client_id}`, body, ['update:clients'])).status).toBe(403);
    expect((await registry.call('PATCH', `/clients/${client_id}`, body)).status).toBe(200);
    expect(sha256(client_secret).equals((await rowOf(client_id))['secret_hash'] as Buffer)).toBe(true);
  });

  it('makes an API its own client: confidential, conformant, for an API that exists', async () => {
    const own = { app_type: 'resource_server', grant_types: [VAULT_GRANT] };
    await registry.call('POST', '/resource-servers', { identifier: 'https://notes.example.com' });
    const created = await client({ ...own, resource_server_identifier: 'https://notes.example.com' });
    expect(created).toMatchObject({ oidc_conformant: true, grant_types: [VAULT_GRANT] });
    expect(created.client_secret).toBeTruthy();
    for (const wrong of [
      own,
      { ...own, resource_server_identifier: 'https://unknown.example.com' },
      { ...own, resource_server_identifier: 'https://notes.example.com', token_endpoint_auth_method: 'none' },
      { app_type: 'spa', resource_server_identifier: 'https://notes.example.com' },
    ])
      expect((await registry.call('POST', '/clients', { name: 'x', ...wrong })).status).toBe(400);
  });

  it('MG-17 names unknown members, returns stored ones, ignores or refuses read-only ones', async () => {
    const unknown = await registry.call('POST', '/clients', { name: 'x', colour: 1, taste: 2 });
    expect([unknown.status, unknown.body['errorCode']]).toEqual([400, 'invalid_body']);
    expect(unknown.body['message']).toMatch(/colour.*taste/);
    const stored = { client_metadata: { any: 'thing' }, mobile: { ios: { team_id: 't' } }, sso: true };
    const created = await client(stored);
    const read = await registry.call('GET', `/clients/${created.client_id}`);
    expect(read.body).toMatchObject(stored);
    const back = await registry.call('PATCH', `/clients/${created.client_id}`, { ...read.body, name: 'Renamed' });
    expect([back.status, back.body['name']]).toEqual([200, 'Renamed']);
    const refused = await registry.call('PATCH', `/clients/${created.client_id}`, { client_id: 'other', global: true });
    expect(refused.status).toBe(400);
    expect(refused.body['message']).toMatch(/client_id.*global|global.*client_id/);
    const large = { client_metadata: { x: 'x'.repeat(33 * 1024) } };
    expect((await registry.call('PATCH', `/clients/${created.client_id}`, large)).status).toBe(400);
    const without = await registry.call('PATCH', `/clients/${created.client_id}`, { mobile: null });
    expect(without.body).not.toHaveProperty('mobile');
  });

  it('MG-17 keeps every member that is only stored, and removes it by null', async () => {
    const { jwt_configuration: _, ...stored } = Object.fromEntries(
      STORED_OF_CLIENT.map((member) => [member, { any: member }]),
    );
    const created = await client(stored);
    expect(created).toMatchObject(stored);
    const nothing = Object.fromEntries(Object.keys(stored).map((member) => [member, null]));
    const { body } = await registry.call('PATCH', `/clients/${created.client_id}`, nothing);
    for (const member of Object.keys(stored)) expect(body).not.toHaveProperty(member);
  });

  it('refuses security settings that would be stored without effect', async () => {
    const setting = { jwt_configuration: { alg: 'HS256' } };
    expect((await registry.call('POST', '/clients', { name: 'x', ...setting })).status).toBe(400);
    await client({ jwt_configuration: { alg: 'RS256', lifetime_in_seconds: 60 } });
  });

  it('keeps security settings that act, and takes the one of three states back', async () => {
    const settings = { require_proof_of_possession: true, require_pushed_authorization_requests: true };
    const { client_id } = await client({ ...settings, require_mfa_at_login: false });
    const { body } = await registry.call('GET', `/clients/${client_id}`);
    expect(body).toMatchObject({ ...settings, require_mfa_at_login: false });
    const after = await registry.call('PATCH', `/clients/${client_id}`, {
      ...{ require_proof_of_possession: false, require_mfa_at_login: null },
    });
    expect(after.body).toMatchObject({ require_proof_of_possession: false });
    expect(after.body).not.toHaveProperty('require_mfa_at_login');
  });

  it('GR-08 lets only a confidential client do without PKCE, whichever member comes last', async () => {
    const both = { token_endpoint_auth_method: 'none', require_pkce: false };
    expect((await registry.call('POST', '/clients', { name: 'x', ...both })).status).toBe(400);
    const { client_id } = await client({ require_pkce: false });
    expect((await registry.call('PATCH', `/clients/${client_id}`, { token_endpoint_auth_method: 'none' })).status).toBe(
      400,
    );
  });

  it('gives a public client no secret, makes one when it is needed, and the same again after a change of mind', async () => {
    const created = await client({ app_type: 'spa' });
    expect(created['token_endpoint_auth_method']).toBe('none');
    expect(created).not.toHaveProperty('client_secret');
    const path = `/clients/${created.client_id}`;
    await registry.call('PATCH', path, { token_endpoint_auth_method: 'client_secret_basic' });
    const secret = (await registry.call('GET', path)).body['client_secret'];
    expect(secret).toMatch(/^[\w-]{43}$/);
    await registry.call('PATCH', path, { token_endpoint_auth_method: 'none' });
    expect((await registry.call('POST', `${path}/rotate-secret`)).status).toBe(400);
    await registry.call('PATCH', path, { token_endpoint_auth_method: 'client_secret_post' });
    expect((await registry.call('GET', path)).body['client_secret']).toBe(secret);
  });

  it('takes keys whole and later by id, in place of a secret', async () => {
    const key = { name: 'first', credential_type: 'public_key', pem: pem(), alg: 'RS256' };
    const created = await client({ client_authentication_methods: { private_key_jwt: { credentials: [key] } } });
    expect(created).not.toHaveProperty('client_secret');
    const methods = created['client_authentication_methods'] as { private_key_jwt: { credentials: { id: string }[] } };
    const [first] = methods.private_key_jwt.credentials;
    expect(first!.id).toMatch(/^cred_\w{22}$/);
    const second = { credential_type: 'public_key', pem: pem() };
    const patch = (credentials: unknown[]) =>
      registry.call('PATCH', `/clients/${created.client_id}`, {
        client_authentication_methods: { private_key_jwt: { credentials } },
      });
    const { body } = await patch([{ id: first!.id }, second]);
    const after = body['client_authentication_methods'] as typeof methods;
    expect(after.private_key_jwt.credentials).toHaveLength(2);
    expect((await patch([{ id: 'cred_of_somebody_else' }])).status).toBe(400);
    expect((await patch([{ ...second, pem: pem(1024) }])).status).toBe(400);
    await patch([{ id: after.private_key_jwt.credentials[1]!.id }]);
    const rows = await registry.database.query<{ id: string }[]>(
      'SELECT id FROM client_credentials WHERE client_id = $1',
      [created.client_id],
    );
    expect(rows).toEqual([{ id: after.private_key_jwt.credentials[1]!.id }]);
    const secretAgain = await registry.call('PATCH', `/clients/${created.client_id}`, {
      client_authentication_methods: null,
    });
    expect(secretAgain.body).toMatchObject({ token_endpoint_auth_method: 'client_secret_post' });
    expect((await rowOf(created.client_id))['secret_hash']).not.toBeNull();
  });

  it('takes a client back as it was read, with a secret that it does not use now and without its last key', async () => {
    const { client_id } = await client({ app_type: 'regular_web' });
    const path = `/clients/${client_id}`;
    const sentBack = async (scopes?: string[]) => {
      const { body } = await registry.call('GET', path);
      return { read: body, answer: await registry.call('PATCH', path, body, scopes) };
    };
    const before = (await rowOf(client_id))['event_version'];
    expect((await sentBack()).answer.status).toBe(200);
    expect((await sentBack(['update:clients', 'read:client_keys'])).answer.status).toBe(200);
    expect((await sentBack(['update:clients'])).answer.body['errorCode']).toBe('insufficient_scope');
    expect((await rowOf(client_id))['event_version']).toBe(before);
    await registry.call('PATCH', path, { token_endpoint_auth_method: 'none' });
    const asPublic = await sentBack();
    expect([typeof asPublic.read['client_secret'], asPublic.answer.status]).toEqual(['string', 200]);
    const credentials = [{ credential_type: 'public_key', pem: pem() }];
    const keys = { client_authentication_methods: { private_key_jwt: { credentials } } };
    await registry.call('PATCH', path, { ...keys, token_endpoint_auth_method: null });
    const [key] = (await registry.call('GET', `${path}/credentials`)).as<{ id: string }[]>();
    expect((await registry.call('DELETE', `${path}/credentials/${key!.id}`)).status).toBe(204);
    const { read, answer } = await sentBack();
    expect(read['client_authentication_methods']).toEqual({ private_key_jwt: { credentials: [] } });
    expect([answer.status, answer.body['message']]).toEqual([200, undefined]);
  });

  it('lets nobody act as a client by a key of their own who may not make credentials', async () => {
    const { client_id } = await client({ app_type: 'non_interactive' });
    const credentials = [{ credential_type: 'public_key', pem: pem() }];
    const body = {
      client_authentication_methods: { private_key_jwt: { credentials } },
      token_endpoint_auth_method: null,
    };
    const by = (...scopes: string[]) => registry.call('PATCH', `/clients/${client_id}`, body, scopes);
    const refused = await by('update:clients', 'update:client_keys');
    expect([refused.status, refused.body['message']]).toEqual([
      403,
      'Insufficient scope, expected any of: create:client_credentials',
    ]);
    expect((await by('update:clients', 'create:client_credentials')).status).toBe(200);
  });

  it('A8 refuses callbacks that are not one address', async () => {
    for (const callback of ['https://*.example.com/cb', 'https://a.example.com/#x', '/relative', 'javascript:alert(1)'])
      expect([
        callback,
        (await registry.call('POST', '/clients', { name: 'x', callbacks: [callback] })).status,
      ]).toEqual([callback, 400]);
    await client({ callbacks: ['https://a.example.com/cb', 'com.app:/cb', 'http://127.0.0.1/cb'] });
    expect(
      (await registry.call('POST', '/clients', { name: 'x', web_origins: ['https://a.example.com/x'] })).status,
    ).toBe(400);
  });

  it('refuses refresh token settings that lack a required member or contradict themselves', async () => {
    for (const refresh_token of [
      { rotation_type: 'rotating' },
      { rotation_type: 'rotating', expiration_type: 'non-expiring' },
      { rotation_type: 'non-rotating', expiration_type: 'expiring', other: 1 },
    ])
      expect((await registry.call('POST', '/clients', { name: 'x', refresh_token })).status).toBe(400);
    const refresh_token = {
      ...{ rotation_type: 'non-rotating', expiration_type: 'expiring', token_lifetime: 100 },
      policies: [{ audience: 'https://vault.example.com/me/', scope: ['read:me:connected_accounts'] }],
    };
    expect((await client({ refresh_token }))['refresh_token']).toEqual(refresh_token);
  });

  it('filters and cuts lists as asked', async () => {
    await client({ app_type: 'native', is_first_party: false });
    const { body } = await registry.call('GET', '/clients?app_type=native&is_first_party=false&fields=app_type,name');
    expect(body).toEqual([{ app_type: 'native', name: 'An application' }]);
    expect((await registry.call('GET', '/clients?is_global=true')).body).toEqual([]);
    const totals = await registry.call('GET', '/clients?page=0&per_page=50&include_totals=true');
    expect(totals.body).toMatchObject({ start: 0, limit: 50 });
    expect((await registry.call('GET', '/clients?colour=blue')).body['errorCode']).toBe('invalid_query_string');
  });

  it('lets nobody become everything by what is ours: its callbacks and secrets need every scope', async () => {
    const some = ['update:clients', 'update:client_keys'];
    const callbacks = ['https://attacker.example.com/callback'];
    const refused = [
      await registry.call('PATCH', '/clients/strongroom-dashboard', { callbacks }, some),
      await registry.call('PATCH', '/clients/management', { client_secret: 'cnry_'.padEnd(40, 'x') }, some),
      await registry.call('POST', '/clients/management/rotate-secret', undefined, some),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
    const named = await registry.call('PATCH', '/clients/strongroom-dashboard', { description: 'Ours' });
    expect([named.status, named.body['description']]).toEqual([200, 'Ours']);
  });

  it('takes what is ours back as it was read, and no change of what nobody may change', async () => {
    for (const { client_id: id } of (await registry.call('GET', '/clients')).as<{ client_id: string }[]>()) {
      const { body } = await registry.call('GET', `/clients/${id}`);
      expect([id, (await registry.call('PATCH', `/clients/${id}`, body)).status]).toEqual([id, 200]);
    }
    const renamed = await registry.call('PATCH', '/clients/strongroom-connect', { name: 'Other' });
    expect(renamed.body['errorCode']).toBe('operation_not_supported');
  });

  it('is changed in other things while the API it belongs to is gone', async () => {
    const identifier = 'https://gone.example.com';
    await registry.call('POST', '/resource-servers', { identifier });
    const { client_id } = await client({ app_type: 'resource_server', resource_server_identifier: identifier });
    await registry.call('DELETE', `/resource-servers/${encodeURIComponent(identifier)}`);
    expect((await registry.call('PATCH', `/clients/${client_id}`, { name: 'Renamed' })).status).toBe(200);
    const other = { resource_server_identifier: 'https://unknown.example.com' };
    expect((await registry.call('PATCH', `/clients/${client_id}`, other)).status).toBe(400);
  });

  it('MG-12 deletes a client with its grants, keys and artefacts, and never one of ours', async () => {
    const { client_id } = await client();
    const grant = { client_id, audience: 'https://vault.example.com/api/v2/', scope: ['read:users'] };
    const { body: granted } = await registry.call('POST', '/client-grants', grant);
    await registry.database.query(
      `INSERT INTO artefacts (kind, id_hash, client_id, expires_at, payload)
       VALUES ('RefreshToken', 'x', $1, now() + interval '1 hour', '{}')`,
      [client_id],
    );
    expect((await registry.call('DELETE', `/clients/${client_id}`)).status).toBe(204);
    expect((await registry.call('GET', `/clients/${client_id}`)).body['errorCode']).toBe('inexistent_client');
    expect(await registry.database.query('SELECT 1 FROM artefacts WHERE client_id = $1', [client_id])).toEqual([]);
    expect((await registry.eventsOf(client_id)).at(-1)).toMatchObject({
      ...{ type: 'strongroom.client.deleted.v1', sequence: 2 },
    });
    expect((await registry.eventsOf(granted['id'] as string)).at(-1)).toMatchObject({
      ...{ type: 'strongroom.client_grant.deleted.v1', sequence: 2 },
    });
    for (const own of ['strongroom-dashboard', 'strongroom-connect'])
      expect((await registry.call('DELETE', `/clients/${own}`)).status).toBe(400);
    expect((await registry.call('DELETE', `/clients/${client_id}`)).status).toBe(204);
  });

  it('MG-09 needs the scope of each route', async () => {
    const { client_id } = await client();
    for (const [method, path, body] of [
      ['GET', '/clients'],
      ['POST', '/clients', { name: 'x' }],
      ['GET', `/clients/${client_id}`],
      ['PATCH', `/clients/${client_id}`, { name: 'x' }],
      ['DELETE', `/clients/${client_id}`],
    ] as const)
      expect((await registry.call(method, path, body, ['read:users'])).status).toBe(403);
  });
});

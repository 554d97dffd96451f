import { startOwnRegistry, type RegistryApp } from '../../test/registry-app.js';

const ME = 'https://vault.example.com/me/';
const MANAGEMENT = 'https://vault.example.com/api/v2/';
const OWN_PAGE = ['update:me:connected_accounts', 'read:me:receipts', 'read:me:sessions', 'delete:me:sessions'];

describe('APIs, their grants and the settings over the Management API', () => {
  let registry: RegistryApp;
  let count = 0;

  beforeAll(async () => void (registry = await startOwnRegistry()));
  afterAll(() => registry?.stop());

  const api = async (more: Record<string, unknown> = {}) => {
    const identifier = `https://api${++count}.example.com/v1`;
    const { status, body } = await registry.call('POST', '/resource-servers', { identifier, ...more });
    expect([status, body['message']]).toEqual([201, undefined]);
    return body as Record<string, unknown> & { id: string; identifier: string };
  };
  const client = async () => (await registry.call('POST', '/clients', { name: 'x' })).body['client_id'] as string;
  const scopesOf = (body: Record<string, unknown>) => (body['scopes'] as { value: string }[]).map(({ value }) => value);

  describe('resource servers', () => {
    it('have the defaults of the contract', async () => {
      const created = await api({ scopes: [{ value: 'read:notes', description: 'Read notes' }] });
      expect(created).toMatchObject({
        ...{ signing_alg: 'RS256', token_dialect: 'access_token', allow_offline_access: false, is_system: false },
        subject_type_authorization: { user: { policy: 'allow_all' }, client: { policy: 'require_client_grant' } },
        scopes: [{ value: 'read:notes', description: 'Read notes' }],
      });
      expect(await registry.eventsOf(created.id)).toMatchObject([
        { type: 'strongroom.resource_server.created.v1', data: { scopes: ['read:notes'] } },
      ]);
    });

    it('are found, changed and deleted by id and by encoded identifier', async () => {
      const created = await api();
      for (const key of [created.id, encodeURIComponent(created.identifier)])
        expect((await registry.call('GET', `/resource-servers/${key}`)).body).toEqual(created);
      const path = `/resource-servers/${encodeURIComponent(created.identifier)}`;
      const changed = await registry.call('PATCH', path, { ...created, token_lifetime: 60 });
      expect(changed.body).toEqual({ ...created, token_lifetime: 60 });
      expect((await registry.call('DELETE', path)).status).toBe(204);
      expect((await registry.call('GET', path)).body['errorCode']).toBe('inexistent_resource_server');
      expect((await registry.eventsOf(created.id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    });

    it('refuse HS256, a lifetime beyond 30 days, another identifier, the id of a client and unknown members', async () => {
      const created = await api();
      const clientId = await client();
      const refused = [
        await registry.call('POST', '/resource-servers', { identifier: 'https://h.example.com', signing_alg: 'HS256' }),
        await registry.call('POST', '/resource-servers', {
          identifier: 'https://h.example.com',
          token_lifetime: 2_592_001,
        }),
        await registry.call('POST', '/resource-servers', { identifier: clientId }),
        await registry.call('PATCH', `/resource-servers/${created.id}`, { identifier: 'https://other.example.com' }),
        await registry.call('PATCH', `/resource-servers/${created.id}`, { proof_of_possession: { required: true } }),
        await registry.call('PATCH', `/resource-servers/${created.id}`, { enforce_policies: true }),
      ];
      expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
      const unknown = await registry.call('POST', '/resource-servers', {
        identifier: 'https://u.example.com',
        one: 1,
        two: 2,
      });
      expect(unknown.body['message']).toMatch(/one.*two/);
      expect((await api({ signing_alg: 'PS256', consent_policy: 'x' }))['consent_policy']).toBe('x');
    });

    it('answer 409 for an identifier that is taken', async () => {
      const { identifier } = await api();
      const { status, body } = await registry.call('POST', '/resource-servers', { identifier });
      expect([status, body['errorCode']]).toEqual([409, 'resource_server_conflict']);
    });

    it('keep every stored member, and give it back', async () => {
      const stored = {
        ...{ consent_policy: 'transactional-authorization-with-mfa', authorization_details: [{ type: 'payment' }] },
        ...{ authorization_policy: { policy_id: 'p' }, token_encryption: { format: 'compact-nested-jwe' } },
        ...{ token_lifetime_for_web: 60, allow_online_access: true, verification_location: 'https://v.example.com' },
        ...{ enforce_policies: false, proof_of_possession: { mechanism: 'dpop', required: false } },
      };
      const created = await api(stored);
      expect(created).toMatchObject(stored);
      const changed = await registry.call('PATCH', `/resource-servers/${created.id}`, { proof_of_possession: null });
      expect(changed.body).not.toHaveProperty('proof_of_possession');
    });

    it('take with them what people allowed, grants and the place of the default audience', async () => {
      const { id, identifier } = await api();
      await registry.call('POST', '/client-grants', { client_id: await client(), audience: identifier, scope: ['a'] });
      await registry.call('PATCH', '/tenants/settings', { default_audience: identifier });
      await registry.database.query(
        `INSERT INTO consents (person_id, client_id, audience, scopes) VALUES (gen_random_uuid(), 'x', $1, '[]')`,
        [identifier],
      );
      await registry.call('DELETE', `/resource-servers/${id}`);
      expect(await registry.database.query('SELECT 1 FROM consents WHERE audience = $1', [identifier])).toEqual([]);
      const grants = await registry.call('GET', `/client-grants?audience=${encodeURIComponent(identifier)}`);
      expect(grants.body).toEqual([]);
      expect((await registry.call('GET', '/tenants/settings')).body['default_audience']).toBe('');
    });

    it('cannot be changed or deleted if it is the Management API', async () => {
      for (const key of ['strongroom-management', encodeURIComponent(MANAGEMENT)]) {
        expect((await registry.call('PATCH', `/resource-servers/${key}`, { token_lifetime: 60 })).status).toBe(400);
        expect((await registry.call('DELETE', `/resource-servers/${key}`)).status).toBe(400);
        const { body } = await registry.call('GET', `/resource-servers/${key}`);
        expect((await registry.call('PATCH', `/resource-servers/${key}`, body)).status).toBe(200);
      }
      expect((await registry.call('POST', '/resource-servers', { identifier: MANAGEMENT })).status).toBe(409);
    });

    it('adopt the My Account API once, among racing bodies, and keep the scopes of a person’s own page', async () => {
      const before = await registry.call('GET', `/resource-servers/${encodeURIComponent(ME)}`);
      expect(before.body).toMatchObject({
        ...{ signing_alg: 'RS256', skip_consent_for_verifiable_first_party_clients: true },
        subject_type_authorization: { user: { policy: 'require_client_grant' }, client: { policy: 'deny_all' } },
      });
      const many = Array.from({ length: 200 }, (_, i) => ({ value: `read:${i}` }));
      const tooMany = await registry.call('POST', '/resource-servers', { identifier: ME, scopes: many });
      expect([tooMany.status, tooMany.body['message']]).toEqual([
        400,
        'Invalid request body: scopes: must not be more than 200 with those of a person’s own page',
      ]);
      const body = { identifier: ME, name: 'Mine', scopes: [{ value: 'read:me:connected_accounts' }] };
      const atOnce = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: 6 }, work));
      await atOnce(() => registry.database.query('SELECT pg_sleep(0.05)')); // so that nobody waits for a connection
      const answers = await atOnce(() => registry.call('POST', '/resource-servers', body));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
      const adopted = answers.find(({ status }) => status === 201)!.body;
      expect(adopted['name']).toBe('Mine');
      expect(scopesOf(adopted).sort()).toEqual(['read:me:connected_accounts', ...OWN_PAGE].sort());
      expect(adopted['subject_type_authorization']).toEqual(before.body['subject_type_authorization']);
      expect((await registry.call('DELETE', `/resource-servers/${encodeURIComponent(ME)}`)).status).toBe(204);
      const again = await registry.call('POST', '/resource-servers', { identifier: ME });
      expect(again.body).toMatchObject({
        scopes: before.body['scopes'],
        subject_type_authorization: before.body['subject_type_authorization'],
      });
    });
  });

  describe('client grants', () => {
    it('GR-04 count per subject type: a user grant beside a client grant is no duplicate', async () => {
      const { identifier: audience } = await api();
      const client_id = await client();
      const grant = { client_id, audience, scope: ['read:notes'] };
      const first = await registry.call('POST', '/client-grants', grant);
      expect([first.status, first.body['subject_type']]).toEqual([201, 'client']);
      expect((await registry.call('POST', '/client-grants', { ...grant, subject_type: 'user' })).status).toBe(201);
      for (const subject_type of ['client', 'user']) {
        const { status, body } = await registry.call('POST', '/client-grants', { ...grant, subject_type });
        expect([status, body['errorCode']]).toEqual([409, 'client_grant_conflict']);
      }
      const users = await registry.call('GET', `/client-grants?client_id=${client_id}&subject_type=user&take=50`);
      expect(users.body).toMatchObject({ client_grants: [{ client_id, subject_type: 'user' }] });
      expect((await registry.call('GET', `/client-grants?audience=${encodeURIComponent(audience)}`)).body).toHaveLength(
        2,
      );
    });

    it('answer 404 for an API or a client that does not exist', async () => {
      const { identifier: audience } = await api();
      const client_id = await client();
      const noApi = await registry.call('POST', '/client-grants', {
        client_id,
        audience: 'https://no.example.com',
        scope: [],
      });
      expect([noApi.status, noApi.body['errorCode']]).toEqual([404, 'inexistent_resource_server']);
      const noClient = await registry.call('POST', '/client-grants', { client_id: 'nobody', audience, scope: [] });
      expect([noClient.status, noClient.body['errorCode']]).toEqual([404, 'inexistent_client']);
    });

    it('MG-17 keep stored members, and may name no scope if they allow all', async () => {
      const { identifier: audience } = await api();
      const stored = {
        ...{ organization_usage: 'deny', allow_any_organization: false, authorization_details_types: ['payment'] },
        allow_all_scopes: true,
      };
      const body = { client_id: await client(), audience, ...stored };
      const created = await registry.call('POST', '/client-grants', body);
      expect([created.status, created.body]).toEqual([201, expect.objectContaining({ ...stored, scope: [] })]);
      const unknown = await registry.call('POST', '/client-grants', { ...body, colour: 1, taste: 2 });
      expect([unknown.status, unknown.body['message']]).toEqual([400, expect.stringMatching(/colour.*taste/)]);
      const neither = { client_id: body.client_id, audience, subject_type: 'user' };
      expect((await registry.call('POST', '/client-grants', neither)).status).toBe(400);
    });

    it('take as many and as long scopes as an event can say, and only words', async () => {
      const scope = Array.from({ length: 200 }, (_, i) => `${i}:`.padEnd(255, 'read:'));
      const { identifier: audience } = await api({ scopes: scope.map((value) => ({ value })) });
      const clientId = await client();
      const grant = (more: Record<string, unknown>) =>
        registry.call('POST', '/client-grants', { client_id: clientId, audience, ...more });
      expect((await grant({ scope })).status).toBe(201);
      for (const odd of ['read:☃', 'read:a read:b', 'read:\u0001'])
        expect((await grant({ scope: [odd], subject_type: 'user' })).body['errorCode']).toBe('invalid_body');
      const types = { name: 'x', grant_types: Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(255, '\u0001')) };
      expect((await registry.call('POST', '/clients', types)).status).toBe(400);
    });

    it('MG-17 are changed in scope only, and deleted', async () => {
      const { identifier: audience } = await api();
      const created = await registry.call('POST', '/client-grants', {
        client_id: await client(),
        audience,
        scope: ['a'],
      });
      const path = `/client-grants/${String(created.body['id'])}`;
      const changed = await registry.call('PATCH', path, { ...created.body, scope: ['a', 'b'] });
      expect(changed.body).toEqual({ ...created.body, scope: ['a', 'b'] });
      expect((await registry.call('PATCH', path, { subject_type: 'user' })).status).toBe(400);
      expect((await registry.call('PATCH', path, { colour: 1 })).body['message']).toContain('colour');
      expect((await registry.call('DELETE', path)).status).toBe(204);
      expect((await registry.call('PATCH', path, { scope: [] })).body['errorCode']).toBe('inexistent_client_grant');
      expect((await registry.eventsOf(created.body['id'] as string)).map(({ type }) => type)).toEqual([
        'strongroom.client_grant.created.v1',
        'strongroom.client_grant.updated.v1',
        'strongroom.client_grant.deleted.v1',
      ]);
    });

    it('go with their API', async () => {
      const { identifier: audience, id } = await api();
      const created = await registry.call('POST', '/client-grants', { client_id: await client(), audience, scope: [] });
      await registry.call('DELETE', `/resource-servers/${id}`);
      expect((await registry.call('GET', `/client-grants/${String(created.body['id'])}`)).status).toBe(404);
    });
  });

  describe('settings', () => {
    it('MG-30 take a default audience that exists and is not the Management API', async () => {
      const { identifier } = await api();
      const set = (body: unknown) => registry.call('PATCH', '/tenants/settings', body);
      expect((await set({ default_audience: identifier })).body).toEqual({
        ...{ default_audience: identifier, require_mfa_at_login: false },
      });
      expect((await set({ default_audience: MANAGEMENT })).status).toBe(400);
      expect((await set({ default_audience: 'https://unknown.example.com' })).status).toBe(400);
      expect((await set({ colour: 'blue' })).body['message']).toContain('colour');
      expect((await registry.call('GET', '/tenants/settings')).body['default_audience']).toBe(identifier);
      expect((await set({ default_audience: '' })).body['default_audience']).toBe('');
      expect((await set({ require_mfa_at_login: true })).body).toEqual({
        ...{ default_audience: '', require_mfa_at_login: true },
      });
      expect((await set({ require_mfa_at_login: false })).body['require_mfa_at_login']).toBe(false);
    });

    it('MG-30 refuse members that come later, and say so', async () => {
      for (const member of ['session_lifetime', 'customize_mfa_in_postlogin_action']) {
        const { status, body } = await registry.call('PATCH', '/tenants/settings', { [member]: 1 });
        expect([status, body['message']]).toEqual([
          400,
          expect.stringMatching(`${member}.*is not in the first release`),
        ]);
      }
    });

    it('hold the policy for second factors', async () => {
      expect((await registry.call('GET', '/guardian/policies')).body).toEqual([]);
      const { status, body } = await registry.call('PUT', '/guardian/policies', ['all-applications']);
      expect([status, body]).toEqual([200, ['all-applications']]);
      expect((await registry.call('GET', '/guardian/policies')).body).toEqual(['all-applications']);
      expect((await registry.call('PUT', '/guardian/policies', ['sometimes'])).status).toBe(400);
      const later = await registry.call('PUT', '/guardian/policies', ['confidence-score']);
      expect([later.status, later.body['message']]).toEqual([400, expect.stringMatching(/not in the first release/)]);
      expect((await registry.call('PUT', '/guardian/policies', [])).body).toEqual([]);
    });
  });

  it('MG-29 each route needs its scope', async () => {
    for (const [method, path, body] of [
      ['GET', '/resource-servers'],
      ['POST', '/resource-servers', { identifier: 'https://s.example.com' }],
      ['PATCH', '/resource-servers/x', {}],
      ['DELETE', '/resource-servers/x'],
      ['GET', '/client-grants'],
      ['POST', '/client-grants', {}],
      ['PATCH', '/client-grants/x', {}],
      ['DELETE', '/client-grants/x'],
      ['GET', '/tenants/settings'],
      ['PATCH', '/tenants/settings', {}],
      ['GET', '/guardian/policies'],
      ['PUT', '/guardian/policies', []],
    ] as const)
      expect([path, (await registry.call(method, path, body, ['read:users'])).status]).toEqual([path, 403]);
  });
});

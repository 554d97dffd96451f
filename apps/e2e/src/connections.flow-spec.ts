import {
  type Answer,
  createClient,
  enable,
  eventually,
  Installation,
  type Json,
  Scene,
  unique,
} from './driver/index.js';

/** Connections as an administrator's set-up program makes and changes them, and what that does to people's accounts. */
describe('connections over the Management API', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    installation.management(method, `/connections${path}`, body);
  const custom = (changes: Json = {}): Json => ({
    name: unique('managed'),
    strategy: 'oauth2',
    options: {
      client_id: 'app',
      client_secret: 'cnry_cs_managed',
      authorizationURL: 'https://idp.example/authorize',
      tokenURL: 'https://idp.example/token',
      scripts: { fetchUserProfile: 'function (token, done) { done(null, {}) }' },
    },
    authentication: { active: false },
    connected_accounts: { active: true },
    ...changes,
  });

  it('MG-05 makes one with scripts and purpose once, and removes it', async () => {
    const wanted = custom();
    const made = await call('POST', '', wanted);
    expect(made).toMatchObject({
      status: 201,
      json: { authentication: { active: false }, connected_accounts: { active: true } },
    });
    expect(String(made.json['warnings'])).toMatch(/scripts\.fetchUserProfile is stored and not executed/);
    expect(made.json['provider_redirect_uris']).toContain(
      `${installation.url}/connect/callback/${String(wanted['name'])}`,
    );
    expect(await call('POST', '', wanted)).toMatchObject({ status: 409, json: { errorCode: 'connection_conflict' } });
    const id = String(made.json['id']);
    expect((await call('DELETE', `/${id}`)).status).toBe(202);
    const again = await eventually(
      () => call('DELETE', `/${id}`),
      ({ status }) => status === 204,
    );
    expect(again.status).toBe(204);
    expect((await call('GET', `/${id}`)).status).toBe(404);
  });

  it('MG-06 replaces options as a whole, and leaves them alone where a body has none', async () => {
    const id = String((await call('POST', '', custom())).json['id']);
    const { options } = (await call('PATCH', `/${id}`, { connected_accounts: { active: false } })).json;
    expect(options).toMatchObject({ client_id: 'app', tokenURL: 'https://idp.example/token' });
    const replaced = await call('PATCH', `/${id}`, {
      options: {
        client_id: 'another',
        client_secret: '********',
        authorizationURL: 'https://idp.example/authorize',
        tokenURL: 'https://idp.example/token',
      },
    });
    expect(replaced.status).toBe(200);
    expect(replaced.json['options']).toMatchObject({ client_id: 'another' });
    expect(replaced.json['options']).not.toHaveProperty('scripts');
    expect(replaced.json['connected_accounts']).toMatchObject({ active: false });
  });

  it('MG-07 enables and disables clients, fifty at a time', async () => {
    const id = String((await call('POST', '', custom())).json['id']);
    const { id: client } = await createClient(installation);
    expect((await call('PATCH', `/${id}/clients`, [{ client_id: client, status: true }])).status).toBe(204);
    expect((await call('GET', `/${id}/clients`)).json).toEqual({ clients: [{ client_id: client }] });
    expect((await call('PATCH', `/${id}/clients`, [{ client_id: client, status: false }])).status).toBe(204);
    expect((await call('GET', `/${id}/clients`)).json).toEqual({ clients: [] });
    const many = Array.from({ length: 51 }, (_, index) => ({ client_id: `client-${index}`, status: true }));
    expect(await call('PATCH', `/${id}/clients`, many)).toMatchObject({
      status: 400,
      json: { errorCode: 'invalid_body' },
    });
  });

  it('MG-08 lists in each of the three shapes, and finds by name and by strategy', async () => {
    const [first, second] = [custom(), custom({ strategy: 'github', options: { client_id: 'app' } })];
    for (const one of [first, second]) expect((await call('POST', '', one)).status).toBe(201);
    const byName = await call('GET', `?name=${String(first['name'])}`);
    expect(byName.json).toMatchObject([{ name: first['name'] }]);
    expect(await namesOf('?strategy=github&strategy=box')).toContain(second['name']);
    expect(await namesOf('?strategy=github&strategy=box')).not.toContain(first['name']);
    expect((await call('GET', '?include_totals=true&page=0&per_page=1')).json).toMatchObject({
      start: 0,
      limit: 1,
      total: expect.any(Number),
    });
    const checkpoint = await call('GET', '?include_totals=true&take=1');
    expect(checkpoint.json).toMatchObject({ connections: [expect.anything()], next: expect.any(String) });
    expect(checkpoint.json).not.toHaveProperty('total');
    const lean = await call('GET', `?name=${String(first['name'])}&fields=name,strategy`);
    expect(lean.json).toEqual([{ name: first['name'], strategy: 'oauth2' }]);
  });

  it('MG-13 takes back what it showed: the secret is never seen and still works upstream', async () => {
    const scene = await Scene.create(installation);
    const { id } = scene.connection;
    const { text, json } = await call('GET', `/${id}`);
    expect(text).not.toContain(scene.provider.clientSecret);
    expect((json['options'] as Json)['client_secret']).toBe('********');
    expect((await call('PATCH', `/${id}`, json)).status).toBe(200);
    await scene.connect();
    expect((await scene.exchange()).status).toBe(200);
  });

  it('MG-14 refuses while the vault is off and works again afterwards; removing it erases every account', async () => {
    const scene = await Scene.create(installation);
    const { id } = scene.connection;
    await scene.connect();
    expect((await scene.exchange()).status).toBe(200);
    await installation.manage('PATCH', `/connections/${id}`, { connected_accounts: { active: false } });
    const off = await eventually(
      () => scene.exchange(),
      ({ status }) => status !== 200,
    );
    expect(off.status).toBe(400);
    await installation.manage('PATCH', `/connections/${id}`, { connected_accounts: { active: true } });
    const on = await eventually(
      () => scene.exchange(),
      ({ status }) => status === 200,
    );
    expect(on.status).toBe(200);

    const tokensets = () => installation.tokensets(scene.person.userId);
    expect(await tokensets()).toHaveLength(1);
    expect((await call('DELETE', `/${id}`)).status).toBe(202);
    const left = await eventually(tokensets, (list) => list.length === 0);
    expect(left).toEqual([]);
    expect(
      await eventually(
        () => scene.accounts(),
        (accounts) => accounts.length === 0,
      ),
    ).toEqual([]);
  });

  it('MG-14 M3 refuses to send the secret elsewhere on the strength of the mask', async () => {
    const scene = await Scene.create(installation);
    const { id } = scene.connection;
    await scene.connect();
    const { json } = await call('GET', `/${id}`);
    const moved = { ...(json['options'] as Json), tokenURL: 'https://elsewhere.example/token' };
    const refused = await call('PATCH', `/${id}`, { options: moved });
    expect(refused).toMatchObject({ status: 400, json: { errorCode: 'invalid_body' } });
    expect(refused.json['message']).toContain('options.client_secret');
    expect((await scene.exchange()).status).toBe(200);

    const withSecret = { ...moved, client_secret: 'cnry_cs_for_elsewhere' };
    expect((await call('PATCH', `/${id}`, { options: withSecret })).status).toBe(200);
    const after = await eventually(
      () => scene.exchange(),
      ({ status }) => status !== 200,
    );
    expect(after.status).toBe(401);
    const list = await installation.tokensets(scene.person.userId);
    expect(list).toMatchObject([{ status: 'reconnect_required', reason: 'endpoint_changed' }]);
  });

  it('C3 redeems a code only where its flow began, wherever the connection points by then', async () => {
    const scene = await Scene.create(installation);
    const { id } = scene.connection;
    const flow = scene.flow();
    await flow.begin();
    await flow.throughBrowser();
    const { json } = await call('GET', `/${id}`);
    const moved = { tokenURL: 'https://elsewhere.example/token', client_secret: 'cnry_cs_for_elsewhere' };
    await installation.manage('PATCH', `/connections/${id}`, { options: { ...(json['options'] as Json), ...moved } });
    // An endpoint that was asked and did not answer would be 502.
    expect((await flow.complete()).status).toBe(400);
    expect(await scene.accounts()).toEqual([]);
  });

  it('MG-17 keeps what options hold beyond its knowledge, and names a member that nobody knows', async () => {
    const made = await call('POST', '', custom({ options: { client_id: 'app', my_own: { note: 'kept' } } }));
    expect(made.json['options']).toMatchObject({ my_own: { note: 'kept' } });
    const refused = await call('POST', '', custom({ colour: 'blue', shape: 'round' }));
    expect(refused.status).toBe(400);
    for (const name of ['colour', 'shape']) expect(refused.json['message']).toContain(name);
    const large = await call('POST', '', custom({ options: { client_id: 'app', filler: 'x'.repeat(129 * 1024) } }));
    expect(large.status).toBe(400);
    const id = String(made.json['id']);
    expect((await call('PATCH', `/${id}`, { strategy: 'oauth2' })).status).toBe(200);
    expect((await call('PATCH', `/${id}`, { strategy: 'oidc' })).status).toBe(400);
  });

  it.each(['samlp', 'adfs', 'pingfederate', 'sharepoint'])('MG-18 says that %s is not there yet', async (strategy) => {
    const answer = await call('POST', '', custom({ strategy }));
    expect(answer.status).toBe(400);
    expect(answer.json['message']).toContain('SAML and WS-Federation are not in the first release');
  });

  it('MG-18 says which strategies there are', async () => {
    const answer = await call('POST', '', custom({ strategy: 'untappd' }));
    expect(answer).toMatchObject({ status: 400, json: { errorCode: 'invalid_body' } });
    expect(answer.json['message']).toContain('google-oauth2');
  });

  it('adds the scope of a permission that is true, and warns of one that it does not know', async () => {
    const made = await call(
      'POST',
      '',
      custom({
        strategy: 'google-oauth2',
        options: { client_id: 'app', calendar: true, contacts: false, orkut: true },
      }),
    );
    expect(made.status).toBe(201);
    expect(made.json['options']).toMatchObject({ calendar: true, contacts: false, orkut: true });
    expect(made.json['options']).not.toHaveProperty('scope');
    expect(made.json['warnings']).toContain('permission not known: orkut');
    const scene = await Scene.create(installation);
    await enable(installation, String(made.json['id']), [scene.client]);
    const { connections } = (await scene.me('GET', '/connections')).json as { connections: Json[] };
    const scopes = connections.find(({ name }) => name === made.json['name'])?.['scopes'];
    expect(scopes).toEqual(['https://www.googleapis.com/auth/calendar']);
  });

  it('MG-22 lists the connections of a client', async () => {
    const client = await createClient(installation);
    const wanted = custom({ enabled_clients: [client.id] });
    const id = String((await call('POST', '', wanted)).json['id']);
    const answer = await installation.management('GET', `/clients/${client.id}/connections`);
    expect(answer.json).toMatchObject({ connections: [{ id, name: wanted['name'] }] });
    expect(answer.text).not.toContain('cnry_cs_managed');
    expect((await installation.management('GET', '/clients/nobody/connections')).status).toBe(404);
  });

  describe('MG-23 tried for real', () => {
    const verified = async (id: string) => {
      const answer = await call('POST', `/${id}/verify`);
      expect(answer.status).toBe(200);
      const checks = answer.json['checks'] as { name: string; ok: boolean; detail: string; remedy: string | null }[];
      return { ok: answer.json['ok'], checks, faults: checks.filter(({ ok }) => !ok), text: answer.text };
    };

    it.each(['oauth2', 'oidc'] as const)('an %s connection is good in every line', async (strategy) => {
      const { connection } = await Scene.create(installation, { strategy });
      const { ok, faults, checks } = await verified(connection.id);
      expect(faults).toEqual([]);
      expect(ok).toBe(true);
      expect(checks.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['token_endpoint', 'client_authentication', 'redirect_uris']),
      );
    });

    it('names a wrong secret, and shows neither the one nor the other', async () => {
      const { connection, provider } = await Scene.create(installation);
      await provider.change({ clientSecret: 'cnry_cs_another_one' });
      const { ok, faults, text } = await verified(connection.id);
      expect(ok).toBe(false);
      expect(faults.map(({ name }) => name)).toEqual(['client_authentication']);
      expect(faults[0]!.remedy).toBeTruthy();
      expect(text).not.toContain('cnry_');
    });

    it('names a wrong token URL', async () => {
      const { connection, provider } = await Scene.create(installation);
      const { json } = await call('GET', `/${connection.id}`);
      const options = { ...(json['options'] as Json), tokenURL: `${provider.url}/tokn` };
      await installation.manage('PATCH', `/connections/${connection.id}`, { options });
      const { faults } = await eventually(
        () => verified(connection.id),
        ({ ok }) => ok === false,
      );
      expect(faults.map(({ name }) => name)).toEqual(['token_endpoint']);
    });
  });

  const namesOf = async (query: string): Promise<unknown[]> =>
    ((await call('GET', `${query}&take=100`)).json['connections'] as Json[]).map(({ name }) => name);
});

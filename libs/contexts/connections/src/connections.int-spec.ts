import { clientDeleted } from '@strongroom/contracts';
import { Delivery } from '@strongroom/messaging';
import { custom, type Json, startVault } from '../test/vault.js';
import { DropClientWhenClientDeleted } from './drop-client-when-client-deleted.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

const create = (more: Json = {}): Promise<Json> => vault.create(custom(more));

describe('making a connection', () => {
  it.each<[string, Json]>([
    ['display_name', { display_name: 'x\ud800' }],
    ['options.client_id', { options: { client_id: '\ud800' } }],
    ['options.own.0', { options: { own: ['\udfff'] } }],
    ['options.set_user_root_attributes', { options: { set_user_root_attributes: '\u0000' } }],
    ['metadata.team', { metadata: { team: '\ud800' } }],
    ['realms.0', { realms: ['\ud800'] }],
  ])('MG-17 takes no text in %s that the database cannot keep', async (path, more) => {
    expect(await vault.refusal('POST', '', custom(more))).toContain(`${path}: must not have`);
  });

  it('MG-05 answers 201, then 409 for the name, and 202, later 204, for its removal', async () => {
    const body = custom({
      authentication: { active: false },
      connected_accounts: { active: true },
      enabled_clients: ['app-1'],
    });
    body['options'].scripts = { fetchUserProfile: 'function (token, context, done) {}' };
    const answer = await vault.send('POST', '', body);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^con_[A-Za-z0-9]{22}$/),
      name: body['name'],
      authentication: { active: false },
      connected_accounts: { active: true },
      enabled_clients: ['app-1'],
      provider_redirect_uris: expect.arrayContaining([`https://vault.example.com/connect/callback/${body['name']}`]),
      warnings: [expect.stringContaining('not executed')],
    });
    expect(await vault.send('POST', '', body)).toMatchObject({
      status: 409,
      body: { errorCode: 'connection_conflict' },
    });
    const { id } = answer.body;
    expect((await vault.send('DELETE', `/${id}`)).status).toBe(202);
    expect((await vault.send('DELETE', `/${id}`)).status).toBe(204);
    expect((await vault.send('GET', `/${id}`)).body).toMatchObject({ errorCode: 'inexistent_connection' });
    expect((await vault.events(id)).map(({ type, sequence }) => [type, sequence])).toEqual([
      ['strongroom.connection.created.v1', 1],
      ['strongroom.connection.deleted.v1', 2],
    ]);
  });

  it('is for login and not for the vault unless the body says otherwise', async () => {
    const made = await create();
    expect(made).toMatchObject({ authentication: { active: true }, connected_accounts: { active: false } });
  });

  it.each([
    ['samlp', /SAML and WS-Federation are not in the first release/],
    ['adfs', /SAML and WS-Federation are not in the first release/],
    ['facebook', /no provider entry/],
  ])('MG-18 refuses strategy %s', async (strategy, message) => {
    const { status, body } = await vault.send('POST', '', custom({ strategy }));
    expect([status, body.errorCode]).toEqual([400, 'invalid_body']);
    expect(body.message).toMatch(message);
  });

  it('names every member that it does not know', async () => {
    const { status, body } = await vault.send('POST', '', custom({ one: 1, two: 2 }));
    expect(status).toBe(400);
    expect(body.message).toMatch(/one: .*two: /);
  });

  it.each([
    ['name', { name: 'two--hyphens' }],
    ['connected_accounts.cross_app_access', { connected_accounts: { active: true, cross_app_access: true } }],
    ['options.tokenURL', { options: { tokenURL: 'https://169.254.169.254/token' } }],
    ['options.upstream_params.state', { options: { upstream_params: { state: { value: 'x' } } } }],
    ['options.customHeaders', { options: { customHeaders: { Authorization: 'Basic x' } } }],
    ['options.token_endpoint_auth_method', { options: { token_endpoint_auth_method: 'private_key_jwt' } }],
    ['options.provider_settings.refresh.mode', { options: { provider_settings: { refresh: { mode: 'x' } } } }],
    ['options.client_secret', { options: { client_secret: '********' } }],
    ['metadata', { metadata: { a: 'x'.repeat(256) } }],
  ])('refuses a wrong %s by its name', async (member, more: Json) => {
    const body = custom(more);
    const complete = {
      authorizationURL: 'https://provider.example/a',
      tokenURL: 'https://provider.example/t',
      client_id: 'x',
    };
    if (more['options']) body['options'] = { ...complete, ...more['options'] };
    const answer = await vault.send('POST', '', body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(member);
  });
});

describe('changing a connection', () => {
  it('MG-06 replaces options whole, and leaves them alone where the body has none', async () => {
    const { id } = await create();
    const options = {
      client_id: 'ours',
      authorizationURL: 'https://provider.example/a',
      tokenURL: 'https://provider.example/b',
    };
    expect((await vault.send('PATCH', `/${id}`, { options })).body.options).toEqual(options);
    const { body } = await vault.send('PATCH', `/${id}`, { connected_accounts: { active: true } });
    expect(body).toMatchObject({ options, connected_accounts: { active: true }, authentication: { active: true } });
  });

  it.each([
    ['name', { name: 'other' }],
    ['strategy', { strategy: 'oidc' }],
    ['id', { id: 'con_other' }],
  ])('keeps its %s', async (member, change) => {
    const { id } = await create();
    const { status, body } = await vault.send('PATCH', `/${id}`, change);
    expect(status).toBe(400);
    expect(body.message).toContain(`${member}: cannot be changed`);
  });

  it('needs something to change', async () => {
    const { id } = await create();
    expect((await vault.send('PATCH', `/${id}`, {})).status).toBe(400);
  });

  it('lets two changes at the same time both count', async () => {
    const { id } = await create();
    await Promise.all([
      vault.send('PATCH', `/${id}`, { display_name: 'Together' }),
      vault.send('PATCH', `/${id}`, { connected_accounts: { active: true } }),
      vault.send('PATCH', `/${id}/clients`, [{ client_id: 'app-1', status: true }]),
    ]);
    expect((await vault.send('GET', `/${id}`)).body).toMatchObject({
      display_name: 'Together',
      connected_accounts: { active: true },
      enabled_clients: ['app-1'],
    });
    expect((await vault.events(id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  it('lets twenty changes at the same time all count, and tells nobody of the others', async () => {
    const { id } = await create();
    const names = Array.from({ length: 20 }, (_, at) => `Name ${at}`);
    const answers = await Promise.all(names.map((name) => vault.send('PATCH', `/${id}`, { display_name: name })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect(answers.map(({ body }) => body.display_name)).toEqual(names);
    expect(await vault.events(id)).toHaveLength(21);
  });
});

describe('clients of a connection', () => {
  it('MG-07 are switched with 204, at most 50 at a time', async () => {
    const { id } = await create({ enabled_clients: ['app-1', 'app-2'] });
    const states = [
      { client_id: 'app-2', status: false },
      { client_id: 'app-3', status: true },
    ];
    expect((await vault.send('PATCH', `/${id}/clients`, states)).status).toBe(204);
    expect((await vault.send('GET', `/${id}/clients`)).body).toEqual({
      clients: [{ client_id: 'app-1' }, { client_id: 'app-3' }],
    });
    const many = Array.from({ length: 51 }, (_, i) => ({ client_id: `c${i}`, status: true }));
    expect((await vault.send('PATCH', `/${id}/clients`, many)).status).toBe(400);
    expect((await vault.send('PATCH', `/${id}/clients`, many.slice(1))).status).toBe(204);
    expect((await vault.send('PATCH', '/con_none/clients', states)).status).toBe(404);
    expect((await vault.events(id)).at(-1)!.payload).toMatchObject({
      changed: ['enabled_clients'],
      enabledClientCount: 52,
    });
  });

  it('leave every list when the client is deleted; a second delivery changes nothing', async () => {
    const { id } = await create({ enabled_clients: ['app-gone', 'app-stays'] });
    const handler = new DropClientWhenClientDeleted(vault.service);
    const value = clientDeleted.write({ clientId: 'app-gone', status: 'deleted', actor: { kind: 'system' } });
    const headers = {
      ce_id: '00000000-0000-7000-8000-000000000000',
      ce_type: clientDeleted.ceType,
      ce_subject: 'app-gone',
      ce_sequence: '2'.padStart(20, '0'),
      ce_time: new Date().toISOString(),
    };
    for (let delivery = 0; delivery < 2; delivery++)
      await handler.handle({ headers, value }, new Delivery((work) => vault.database.transaction((tx) => work(tx))));
    expect((await vault.send('GET', `/${id}/clients`)).body).toEqual({ clients: [{ client_id: 'app-stays' }] });
    expect(await vault.events(id)).toHaveLength(2);
  });
});

describe('reading connections', () => {
  it('MG-08 lists in three shapes, filtered, with chosen members', async () => {
    const { name } = await create();
    const bare = await vault.send('GET', `?name=${name}&fields=name,strategy`);
    expect(bare.body).toEqual([{ name, strategy: 'oauth2' }]);
    const totals = await vault.send('GET', '?include_totals=true&per_page=1&strategy=oauth2&strategy=oidc');
    expect(totals.body).toMatchObject({ start: 0, limit: 1, total: expect.any(Number) });
    const page = await vault.send('GET', '?take=1&include_totals=true');
    expect(page.body.connections).toHaveLength(1);
    const next = await vault.send('GET', `?take=1&from=${page.body.next}`);
    expect(next.body.connections[0].name > page.body.connections[0].name).toBe(true);
    expect((await vault.send('GET', '?unknown=1')).body.errorCode).toBe('invalid_query_string');
  });

  it('has the database connection from the start, and keeps it', async () => {
    const [built] = (await vault.send('GET', '?name=Username-Password-Authentication')).body;
    expect(built).toMatchObject({ strategy: 'auth0', authentication: { active: true } });
    expect((await vault.send('DELETE', `/${built.id}`)).status).toBe(409);
    expect((await vault.send('PATCH', `/${built.id}`, { enabled_clients: ['app-1'] })).status).toBe(200);
    expect((await vault.send('PATCH', `/${built.id}`, { connected_accounts: { active: true } })).status).toBe(400);
  });

  it.each([
    ['GET', ''],
    ['POST', ''],
    ['GET', '/con_x'],
    ['PATCH', '/con_x'],
    ['DELETE', '/con_x'],
    ['GET', '/con_x/clients'],
    ['PATCH', '/con_x/clients'],
  ])('M1 needs its scope for %s %s', async (method, path) => {
    const verb = { GET: 'read', POST: 'create', PATCH: 'update', DELETE: 'delete' }[method]!;
    const others = ['read', 'create', 'update', 'delete']
      .filter((one) => one !== verb)
      .map((one) => `${one}:connections`);
    const { status, body } = await vault.send(method, path, method === 'GET' ? undefined : {}, others);
    expect([status, body.errorCode]).toEqual([403, 'insufficient_scope']);
  });
});

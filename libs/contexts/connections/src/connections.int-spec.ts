import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientDeleted } from '@strongroom/contracts';
import { openBox } from '@strongroom/crypto';
import { Delivery } from '@strongroom/messaging';
import { testPostgres } from '@strongroom/testing';
import { startInstallation } from '../test/installation.js';
import { DropClientWhenClientDeleted } from './drop-client-when-client-deleted.js';

type Json = Record<string, ReturnType<typeof JSON.parse>>;
const SECRET = 'cnry_upstream_client_secret';

/** A provider whose metadata can be set, and which can let something happen before it answers. */
async function startProvider() {
  let metadata: Json | null = {};
  let before = async (): Promise<void> => {};
  const server = createServer((_, response) => {
    void before().then(() => {
      response.writeHead(metadata ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(metadata ?? {}));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    says: (now: Json | null): void => void (metadata = now),
    onceBeforeItAnswers: (work: () => Promise<unknown>): void => {
      before = async () => {
        before = async () => {};
        await work();
      };
    },
    stop: () => new Promise((done) => server.close(done)),
  };
}

async function start() {
  const postgres = await testPostgres();
  const provider = await startProvider();
  const installation = await startInstallation(postgres.url, provider.origin);
  const { intakeKeys } = installation;
  return {
    ...installation,
    provider,
    send: installation.send as (...request: Parameters<typeof installation.send>) => Promise<Json>,
    /** What `tokensets` would read. */
    openSecret: (connectionId: string, box: string) =>
      openBox(
        intakeKeys.pair,
        intakeKeys.installationId,
        { purpose: 'connection-credential', connectionId, ownerId: connectionId, field: 'client_secret' },
        box,
      ),
    stop: async () => {
      await installation.stop();
      await provider.stop();
      await postgres.stop();
    },
  };
}

let vault: Awaited<ReturnType<typeof start>>;
beforeAll(async () => void (vault = await start()));
afterAll(() => vault.stop());

let made = 0;
const custom = (more: Json = {}): Json => ({
  name: `custom-${++made}`,
  strategy: 'oauth2',
  options: {
    authorizationURL: 'https://provider.example/authorize',
    tokenURL: 'https://provider.example/token',
    client_id: 'ours',
    client_secret: SECRET,
    scope: 'read write',
  },
  ...more,
});
const create = async (more: Json = {}): Promise<Json> => {
  const answer = await vault.send('POST', '', custom(more));
  expect(answer.status).toBe(201);
  return answer.body;
};
const storedBox = async (id: string): Promise<string | null> =>
  (await vault.database.query('SELECT secret_box FROM connections WHERE id = $1', [id]))[0].secret_box;

describe('making a connection', () => {
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

describe('the client secret', () => {
  it('M2 is sealed for the vault and in no answer and no table', async () => {
    const { id } = await create();
    expect(await vault.openSecret(id, (await storedBox(id))!)).toBe(SECRET);
    const answers = [
      await vault.send('GET', `/${id}`),
      await vault.send('GET', ''),
      await vault.send('GET', '?take=50'),
    ];
    for (const { text } of answers) expect(text).not.toContain(SECRET);
    expect(answers[0]!.body.options.client_secret).toBe('********');
    const dump = await vault.database.query(
      `SELECT to_jsonb(c)::text AS row FROM connections c UNION ALL SELECT to_jsonb(o)::text FROM outbox o`,
    );
    expect(JSON.stringify(dump)).toContain(id);
    expect(JSON.stringify(dump)).not.toContain(SECRET);
  });

  it('MG-13 stays when the connection is read and written back, and nothing is said to have changed', async () => {
    const { id } = await create();
    const box = await storedBox(id);
    const read = (await vault.send('GET', `/${id}`)).body;
    expect((await vault.send('PATCH', `/${id}`, read)).body).toEqual(read);
    expect(await storedBox(id)).toBe(box);
    expect(await vault.events(id)).toHaveLength(1);
  });

  it('is none where the options come without it', async () => {
    const { id } = await create();
    const { client_secret: _, ...options } = custom()['options'];
    const { body } = await vault.send('PATCH', `/${id}`, { options });
    expect(body.options).toEqual(options);
    expect(await vault.directory.credentials(id)).toEqual({ clientId: 'ours', secretBox: null });
  });

  it.each([
    ['the mask', { tokenURL: 'https://evil.example/token', client_secret: '********' }],
    ['no secret', { tokenURL: 'https://evil.example/token', client_secret: undefined }],
    [
      'the mask, by way of provider settings',
      { provider_settings: { endpoints: { token: 'https://evil.example/token' } }, client_secret: '********' },
    ],
    [
      'the mask, by way of revocation',
      { provider_settings: { endpoints: { revocation: 'https://evil.example/revoke' } }, client_secret: '********' },
    ],
  ])('MG-14 M3 is not sent to another origin with %s', async (_, change) => {
    const { id } = await create();
    const options = { ...custom()['options'], ...change };
    const { status, body } = await vault.send('PATCH', `/${id}`, { options });
    expect([status, body.errorCode]).toEqual([400, 'invalid_body']);
    expect(body.message).toContain('options.client_secret');
    expect((await vault.directory.byId(id, null))!.tokenOrigin).toBe('https://provider.example');
  });

  it('M3 moves with the token endpoint when it is sent along, and the event says that the endpoint moved', async () => {
    const { id } = await create();
    const options = { ...custom()['options'], tokenURL: 'https://new.example/token', client_secret: 'cnry_new' };
    expect((await vault.send('PATCH', `/${id}`, { options })).status).toBe(200);
    expect(await vault.openSecret(id, (await storedBox(id))!)).toBe('cnry_new');
    const { payload, sequence } = (await vault.events(id)).at(-1)!;
    expect(sequence).toBe(2);
    expect(payload).toMatchObject({
      tokenOrigin: 'https://new.example',
      changed: expect.arrayContaining(['token_endpoint', 'credentials']),
    });
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

describe('the directory', () => {
  it('RE-06 says whether either vault switch is on', async () => {
    const off = await create();
    const legacy = await create({
      options: { ...custom()['options'], federated_connections_access_tokens: { active: true } },
    });
    const on = await create({ connected_accounts: { active: true, allow_missing_user_id: true } });
    expect(await vault.directory.byName(off['name'], null)).toMatchObject({ vaultActive: false, fillsAtSignIn: false });
    expect(await vault.directory.byId(legacy['id'], null)).toMatchObject({ vaultActive: true, fillsAtSignIn: true });
    expect(await vault.directory.byId(on['id'], null)).toMatchObject({ vaultActive: true, allowMissingUserId: true });
  });

  it('RE-07 says whether the client may use it, and knows no connection by another name', async () => {
    const { id, name } = await create({ enabled_clients: ['app-own'] });
    expect(await vault.directory.byName(name, 'app-own')).toMatchObject({ connectionId: id, enabledForClient: true });
    expect(await vault.directory.byName(name, 'app-other')).toMatchObject({ enabledForClient: false });
    expect(await vault.directory.byName(name, null)).toMatchObject({ enabledForClient: false });
    expect(await vault.directory.byName('no-such', 'app-own')).toBeNull();
    expect((await vault.directory.ofClient('app-own')).map((one) => one.name)).toEqual([name]);
  });

  it('gives the secret only as a box, and the view without it', async () => {
    const { id } = await create();
    const { clientId, secretBox } = (await vault.directory.credentials(id))!;
    expect(clientId).toBe('ours');
    expect(await vault.openSecret(id, secretBox!)).toBe(SECRET);
    expect((await vault.directory.byId(id, null))!.options).not.toHaveProperty('client_secret');
    expect(await vault.directory.credentials('con_none')).toBeNull();
  });
});

describe('an OpenID connection', () => {
  const metadata = (more: Json = {}): Json => ({
    issuer: vault.provider.origin,
    authorization_endpoint: `${vault.provider.origin}/authorize`,
    token_endpoint: `${vault.provider.origin}/token`,
    jwks_uri: `${vault.provider.origin}/jwks`,
    ...more,
  });
  const oidc = (options: Json = {}): Json => ({
    name: `oidc-${++made}`,
    strategy: 'oidc',
    options: { issuer: vault.provider.origin, client_id: 'ours', client_secret: SECRET, ...options },
  });

  it('keeps what discovery says when it is saved', async () => {
    vault.provider.says(metadata());
    const { status, body } = await vault.send('POST', '', oidc());
    expect(status).toBe(201);
    expect(body).not.toHaveProperty('warnings');
    expect(await vault.directory.byId(body.id, null)).toMatchObject({
      metadata: metadata(),
      tokenOrigin: vault.provider.origin,
    });
  });

  it.each([
    ['another issuer', () => metadata({ issuer: 'https://evil.example' }), {}, /options\.issuer: .*another issuer/],
    ['no token endpoint', () => metadata({ token_endpoint: undefined }), {}, /no token_endpoint/],
    ['no S256', () => metadata({ code_challenge_methods_supported: ['plain'] }), {}, /S256/],
    ['nothing', () => null, {}, /status 404/],
    ['an inner address', () => metadata({ jwks_uri: 'http://10.0.0.1/jwks' }), {}, /STRONGROOM_EGRESS_ALLOW/],
    [
      'no client authentication of ours',
      () => metadata({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
      {},
      /token_endpoint_auth_method/,
    ],
    ['no client id', () => metadata(), { client_id: undefined }, /options\.client_id/],
    ['no issuer', () => metadata(), { issuer: undefined }, /options\.issuer/],
  ])('says what is wrong with %s', async (_, says, options, message) => {
    vault.provider.says(says());
    const answer = await vault.send('POST', '', oidc(options));
    expect(answer.status).toBe(400);
    expect(answer.body.message).toMatch(message);
  });

  it('M3 wants the secret again when discovery moves the token endpoint', async () => {
    vault.provider.says(metadata());
    const { body: before } = await vault.send('POST', '', oidc());
    vault.provider.says(metadata({ token_endpoint: 'https://evil.example/token' }));
    const masked = { options: { ...before.options, scope: 'openid' } };
    expect((await vault.send('PATCH', `/${before.id}`, masked)).body.message).toContain('options.client_secret');
  });

  it('does not overwrite what was changed while the provider was asked', async () => {
    vault.provider.says(metadata());
    const { body: made } = await vault.send('POST', '', oidc());
    vault.provider.onceBeforeItAnswers(() => vault.send('PATCH', `/${made.id}`, { display_name: 'In between' }));
    const options = { ...made.options, scope: 'openid email' };
    const { body } = await vault.send('PATCH', `/${made.id}`, { options });
    expect(body).toMatchObject({ display_name: 'In between', options: { scope: 'openid email' } });
    expect((await vault.events(made.id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it('needs no discovery where every endpoint is written by hand', async () => {
    vault.provider.says(null);
    const byHand = {
      issuer: 'https://idp.example',
      authorization_endpoint: 'https://idp.example/a',
      token_endpoint: 'https://idp.example/t',
      jwks_uri: 'https://idp.example/k',
    };
    const { status, body } = await vault.send('POST', '', oidc(byHand));
    expect(status).toBe(201);
    expect((await vault.directory.byId(body.id, null))!.tokenOrigin).toBe('https://idp.example');
  });
});

import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import { APP, type HttpAnswer } from '../../test/connect-bench.js';
import { suiteBench } from '../../test/suite-bench.js';
import { challengeOf, newSecret } from './secrets.js';

const CONNECT = '/me/v1/connected-accounts/connect';

describe('POST connect', () => {
  const bench = suiteBench();
  let alice: PersonView;
  let client: ClientView;
  let connection: ConnectionView;

  beforeEach(() => {
    alice = bench.person('Alice');
    client = bench.client();
    connection = bench.connection(client);
  });

  const connect = (more: Record<string, unknown> = {}, token = bench.token(alice, client)): Promise<HttpAnswer> =>
    bench.call('POST', CONNECT, token, { connection: connection.name, redirect_uri: APP, ...more });
  const fieldsOf = (answer: HttpAnswer) =>
    (answer.json()['validation_errors'] as { field?: string; detail: string }[]).map(({ field }) => field);

  it('CO-01 answers with the four members', async () => {
    const answer = await connect();
    expect(answer.status).toBe(201);
    const body = answer.json();
    expect(Object.keys(body).sort()).toEqual(['auth_session', 'connect_params', 'connect_uri', 'expires_in']);
    expect(body['auth_session']).toMatch(/^[\w-]{43}$/);
    expect(body['connect_uri']).toBe('https://vault.example.com/connected-accounts/connect');
    expect(body['connect_params']).toEqual({ ticket: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(body['expires_in']).toBe(300);
  });

  it('CO-02 names the connection that is missing', async () => {
    const answer = await connect({ connection: undefined });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({
      type: 'https://auth0.com/api-errors/A0E-400-0003',
      title: 'Validation Error',
      validation_errors: [{ detail: "data must have required property 'connection'" }],
    });
  });

  it('CO-03 refuses an empty list of scopes and takes the configured ones where there is none', async () => {
    expect((await connect({ scopes: [] })).status).toBe(400);
    const flow = new Flow(bench, client, connection, alice);
    await flow.begin();
    await (await flow.open()).accept();
    expect(flow.atProvider.searchParams.get('scope')).toBe('mail.read');
  });

  it.each([
    ['a challenge without method', { code_challenge: challengeOf('x') }],
    ['a method without challenge', { code_challenge_method: 'S256' }],
    ['plain', { code_challenge: challengeOf('x'), code_challenge_method: 'plain' }],
    ['a short challenge', { code_challenge: 'short', code_challenge_method: 'S256' }],
    ['an unknown member', { connectionn: 'x' }],
    ['an unknown authorization parameter', { authorization_params: { foo: 'x' } }],
    ['a parameter of the flow', { authorization_params: { state: 'x' } }],
    ['a max_age that is no number', { authorization_params: { max_age: '1e1' } }],
    ['a prompt of its own', { authorization_params: { prompt: 'always' } }],
    ['a long login_hint', { authorization_params: { login_hint: 'x'.repeat(256) } }],
    ['a scope twice', { scopes: ['a', 'a'] }],
    ['two scopes in one', { scopes: ['a b'] }],
    ['101 scopes', { scopes: Array.from({ length: 101 }, (_, i) => `s${i}`) }],
    ['a long state', { state: 'x'.repeat(4097) }],
    ['an empty state', { state: '' }],
    ['half a character in the state', { state: '\ud800' }],
    ['a NUL in the connection', { connection: 'a\u0000b' }],
    ['an id that is none', { connected_account_id: 'cac_-' }],
  ])('CO-04 refuses %s', async (_, more) => {
    const answer = await connect(more);
    expect(answer.status).toBe(400);
    expect(answer.json()['type']).toMatch(/A0E-400-0003$/);
  });

  it('CO-05 takes digits for a number and sends them on', async () => {
    const oidc = bench.connection(client, {
      strategy: 'oidc',
      options: {
        client_id: 'our-id',
        issuer: 'https://provider.example.net',
        authorization_endpoint: 'https://provider.example.net/authorize',
        token_endpoint: 'https://provider.example.net/token',
        jwks_uri: 'https://provider.example.net/jwks',
        provider_settings: { authorization: { passthrough: ['max_age', 'login_hint'] } },
      },
    });
    const flow = new Flow(bench, client, oidc, alice);
    await flow.begin({ authorization_params: { max_age: '10', login_hint: 'alice@example.com' } });
    await (await flow.open()).accept();
    expect(flow.atProvider.searchParams.get('max_age')).toBe('10');
    expect(flow.atProvider.searchParams.get('login_hint')).toBe('alice@example.com');
    expect(flow.atProvider.searchParams.get('nonce')).toMatch(/^[\w-]{43}$/);
  });

  it.each([
    'https://app.example.com/done/',
    'https://APP.example.com/done',
    'https://app.example.com/done#x',
    'https://evil.example/?https://app.example.com/done',
    'not a uri',
  ])('CO-06 CN-17 refuses the redirect URI %s', async (redirect_uri) => {
    const answer = await connect({ redirect_uri });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['redirect_uri']);
    expect(answer.location).toBe('');
  });

  it('CO-06 leaves the loopback port to native clients only', async () => {
    const native = bench.client({ appType: 'native', callbacks: ['http://127.0.0.1/done'] });
    const web = bench.client({ callbacks: ['http://127.0.0.1/done'] });
    const both = bench.connection(native, { clients: new Set([native.clientId, web.clientId]) } as never);
    const from = (who: ClientView) =>
      connect({ connection: both.name, redirect_uri: 'http://127.0.0.1:49152/done' }, bench.token(alice, who));
    expect((await from(native)).status).toBe(201);
    expect((await from(web)).status).toBe(400);
  });

  it('CO-07 answers the same bytes for unknown, not enabled and switched off', async () => {
    const foreign = bench.connection(bench.client());
    const off = bench.connection(client, { vaultActive: false });
    const answers = await Promise.all(['nobody', foreign.name, off.name].map((name) => connect({ connection: name })));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers[0]!.json()['type']).toMatch(/A0E-404-0001$/);
  });

  it('CO-16 refuses tokens of another API, of machines and without the scope', async () => {
    const management = await connect({}, bench.token(alice, client, { api: 'management' }));
    const machine = await connect({}, bench.token(null, client));
    const none = await connect({}, 'Bearer cnry_unknown');
    for (const answer of [management, machine, none]) {
      expect(answer.status).toBe(401);
      expect(answer.json()['type']).toMatch(/A0E-401-0003$/);
    }
    const scoped = await connect({}, bench.token(alice, client, { scopes: ['read:me:connected_accounts'] }));
    expect(scoped.status).toBe(403);
    expect(scoped.json()['type']).toMatch(/A0E-403-0002$/);
  });

  it.each([
    ['POST', CONNECT, 'create:me:connected_accounts'],
    ['POST', '/me/v1/connected-accounts/complete', 'create:me:connected_accounts'],
    ['GET', '/me/v1/connected-accounts/accounts', 'read:me:connected_accounts'],
    ['GET', '/me/v1/connected-accounts/connections', 'read:me:connected_accounts'],
    ['DELETE', '/me/v1/connected-accounts/accounts/cac_x', 'delete:me:connected_accounts'],
  ] as const)('CO-16 %s %s needs %s and nothing else', async (method, path, scope) => {
    const others = ['create', 'read', 'delete']
      .map((verb) => `${verb}:me:connected_accounts`)
      .filter((s) => s !== scope);
    const body = method === 'POST' ? {} : undefined;
    const without = await bench.call(method, path, bench.token(alice, client, { scopes: others }), body);
    expect(without.status).toBe(403);
    const withIt = await bench.call(method, path, bench.token(alice, client, { scopes: [scope] }), body);
    expect([200, 400, 404]).toContain(withIt.status);
  });

  it('CO-17 never challenges by WWW-Authenticate', async () => {
    const answers = await Promise.all([
      connect({}, 'Bearer cnry_unknown'),
      connect({}, bench.token(alice, client, { scopes: [] })),
      connect({ connection: 'nobody' }),
      connect({ scopes: [] }),
      bench.call('POST', '/me/v1/connected-accounts', bench.token(alice, client), {}),
    ]);
    expect(answers.map(({ headers }) => headers['www-authenticate'])).toEqual(answers.map(() => undefined));
    expect(answers.every(({ status }) => status >= 400)).toBe(true);
  });

  it('CO-18 refuses text/plain', async () => {
    const headers = { authorization: bench.token(alice, client), 'content-type': 'text/plain' };
    const answer = await bench.send('POST', CONNECT, { headers, body: '{}' });
    expect(answer.json()).toMatchObject({
      ...{ type: 'https://auth0.com/api-errors/A0E-415-0001', title: 'Unsupported Media Type', status: 415 },
    });
  });

  it('CO-20 does not know the names of the seeds', async () => {
    const old = await bench.call('POST', '/me/v1/connected-accounts', bench.token(alice, client), {});
    expect(old.status).toBe(404);
    expect((await connect({ authorization_parameters: { scope: 'x' } })).status).toBe(400);
  });

  it('C10 keeps to the ceiling of the connection', async () => {
    const capped = bench.connection(client, { options: { ...connection.options, allowed_scopes: ['mail.read'] } });
    const beyond = await connect({ connection: capped.name, scopes: ['mail.read', 'mail.send'] });
    expect(beyond.status).toBe(400);
    expect(fieldsOf(beyond)).toEqual(['scopes']);
    expect((await connect({ connection: capped.name, scopes: ['mail.read'] })).status).toBe(201);
  });

  it('pins only an account of the caller on this connection', async () => {
    const flow = new Flow(bench, client, connection, alice);
    await flow.untilCode();
    const { id } = (await flow.complete()).json() as { id: string };
    expect((await connect({ connected_account_id: id })).status).toBe(201);
    const bob = bench.person('Bob');
    expect((await connect({ connected_account_id: id }, bench.token(bob, client))).status).toBe(404);
    const other = bench.connection(client);
    expect((await connect({ connected_account_id: id, connection: other.name })).status).toBe(404);
  });

  it('lets ten sessions of a person and client be open, also when twenty are asked for at once', async () => {
    const token = bench.token(alice, client);
    const answers = await Promise.all(Array.from({ length: 20 }, () => connect({}, token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    const [refused] = answers.filter(({ status }) => status !== 201);
    expect(refused!.json()).toMatchObject({
      ...{ type: 'https://auth0.com/api-errors/A0E-429-0001', title: 'Too Many Requests', status: 429 },
    });
    expect(Number(refused!.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused!.headers['x-auth0-error-kind']).toBe('global-rate-limit');
    expect((await connect({}, bench.token(bench.person('Bob'), client))).status).toBe(201);
    await bench.database.query(`UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE person_id = $1`, [
      alice.personId,
    ]);
    expect((await connect({}, token)).status).toBe(201);
  });

  it('keeps no artefact in clear', async () => {
    const flow = await new Flow(bench, client, connection, alice).untilCode({ state: `cnry_${newSecret()}` });
    const row = JSON.stringify(await bench.session(flow.sessionId));
    const ticket = new URL(flow.ticketUrl).searchParams.get('ticket')!;
    const cookies = [...flow.browser.cookies.values()];
    for (const secret of [flow.authSession, ticket, flow.state, flow.connectCode, flow.code, ...cookies])
      expect(row).not.toContain(secret);
    expect(bench.said.join('')).not.toContain(flow.code);
  });
});

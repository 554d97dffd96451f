import { Catalogue } from '@strongroom/providers';
import { connection, custom, type Json, MASK, startVault } from '../../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

const catalogue = Catalogue.shipped();
/** What an administrator has to say of any provider of the catalogue. */
const PARAMS: Json = {
  domain: 'acme.example',
  host: 'acme.example',
  realm: 'staff',
  subdomain: 'acme',
  issuer: 'https://idp.example',
  authorization_endpoint: 'https://idp.example/a',
  token_endpoint: 'https://idp.example/t',
  jwks_uri: 'https://idp.example/k',
  authorizationURL: 'https://provider.example/a',
  tokenURL: 'https://provider.example/t',
};
function optionsFor(id: string): Json {
  const { params, endpoints } = catalogue.providers.get(id)!.entry;
  const wanted = Object.entries(params).filter(([, { required, source }]) => required && source !== 'user');
  const own =
    Object.keys(endpoints).length > 1 && endpoints.authorization !== undefined ? wanted.map(([name]) => name) : null;
  return own ? Object.fromEntries(own.map((name) => [name, PARAMS[name]])) : PARAMS;
}

const NO_URLS = { authorizationURL: undefined, tokenURL: undefined };

describe('a strategy', () => {
  it.each(
    [...catalogue.providers.values()].flatMap(({ id, aliases }) => [id, ...aliases].map((name) => ({ id, name }))),
  )('may be the entry $id by the name $name', async ({ id, name: strategy }) => {
    const body = await vault.create(connection(strategy, optionsFor(id)));
    expect(body).toMatchObject({ strategy, provider: { id, name: catalogue.providers.get(id)!.name } });
    expect(body).not.toHaveProperty('warnings');
  });

  it.each(['google-oauth2', 'github', 'windowslive', 'waad', 'salesforce', 'box', 'shopify', 'twitter', 'okta'])(
    'may be %s, as set-up scripts call it',
    async (strategy) => {
      await vault.create(connection(strategy, strategy === 'okta' ? { domain: 'acme.okta.com' } : {}));
    },
  );

  it('MG-18 without an entry is refused with what is offered', async () => {
    const message = await vault.refusal('POST', '', connection('untappd'));
    expect(message).toMatch(/strategy: there is no provider entry.*google-oauth2.*describe any other provider/);
  });

  it('is answered with whose rules apply and where to register, and takes that back unchanged', async () => {
    const body = await vault.create(connection('github'));
    expect(body).toMatchObject({
      provider: { id: 'github', name: 'GitHub (OAuth app)', register_url: expect.stringMatching(/^https:\/\/github/) },
      provider_redirect_uris: [`https://vault.example.com/connect/callback/${body['name']}`, expect.any(String)],
    });
    expect(
      (await vault.send('PATCH', `/${body['id']}`, { provider: body['provider'], display_name: 'x' })).status,
    ).toBe(200);
    expect(await vault.refusal('PATCH', `/${body['id']}`, { provider: { id: 'x' } })).toContain('provider: cannot be');
  });
});

describe('options.provider', () => {
  it('gives a custom connection the rules of an entry', async () => {
    const options = { authorizationURL: undefined, tokenURL: undefined, provider: 'slack', scope: 'chat:write' };
    const body = await vault.create(custom({ options }));
    expect(body).toMatchObject({ strategy: 'oauth2', provider: { id: 'slack' } });
    expect(await vault.directory.byId(body['id'], null)).toMatchObject({ tokenOrigin: 'https://slack.com' });
  });

  it('is not needed where the token URL is that of an entry', async () => {
    const options = {
      authorizationURL: 'https://x.com/i/oauth2/authorize',
      tokenURL: 'https://api.x.com/2/oauth2/token',
    };
    expect(await vault.create(custom({ options }))).toMatchObject({ provider: { id: 'twitter' } });
  });

  it('chooses between entries of one strategy', async () => {
    expect(await vault.create(connection('github', { provider: 'github-app' }))).toMatchObject({
      strategy: 'github',
      provider: { id: 'github-app' },
    });
  });

  it.each([
    ['an id that nobody knows', 'oauth2', 'no-such', /options\.provider: names no provider.*airtable/],
    ['an entry of another strategy', 'github', 'google-oauth2', /options\.provider: .*strategy google-oauth2/],
  ])('refuses %s', async (_, strategy, provider, message) => {
    expect(await vault.refusal('POST', '', connection(strategy, { provider }))).toMatch(message);
  });
});

describe('parameters of an entry', () => {
  it.each([
    ['zendesk', {}, /options\.subdomain: is required by Zendesk and must match/],
    ['zendesk', { subdomain: 'acme.evil.example/' }, /options\.subdomain: must match .*without https/],
    ['keycloak', { host: 'sso.example' }, /options\.realm: is required/],
    ['waad', { tenant_domain: 'acme.example/evil' }, /options\.tenant_domain: must match/],
    ['windowslive', { tenant: 'acme.example' }, /options\.tenant: must match/],
    ['shopify', { shop: 'acme.myshopify.com' }, /options\.shop: must match/],
    ['salesforce', { host: '169.254.169.254' }, /options\.host: must match/],
    ['docusign', { host: 7 }, /options\.host: must match/],
  ])('of %s may not be %j', async (strategy, options, message) => {
    expect(await vault.refusal('POST', '', connection(strategy, options))).toMatch(message);
  });

  it('that each person brings are left to the flow', async () => {
    const body = await vault.create(connection('shopify'));
    expect(body).not.toHaveProperty('warnings');
    expect((await vault.directory.byId(body['id'], null))!.tokenOrigin).toBeNull();
    const fixed = await vault.create(connection('shopify', { shop: 'acme' }));
    expect((await vault.directory.byId(fixed['id'], null))!.tokenOrigin).toBe('https://acme.myshopify.com');
  });

  it.each([
    ['host', 'salesforce', {}, { host: 'evil.example' }],
    ['issuer', 'okta', { domain: 'acme.okta.com' }, { domain: 'evil.example' }],
    ['entry', 'oauth2', { provider: 'slack' }, { provider: 'discord' }],
    [
      'token endpoint of every account',
      'shopify',
      {},
      { provider_settings: { endpoints: { token: 'https://{shop}.evil.example/token' } } },
    ],
  ])('MG-14 M3 move the %s only with the secret, and the event says so', async (_, strategy, options, change) => {
    const { id } = await vault.create(connection(strategy, options));
    const moved = { client_id: 'ours', ...options, ...change };
    for (const secret of [{ client_secret: MASK }, {}])
      expect(await vault.refusal('PATCH', `/${id}`, { options: { ...moved, ...secret } })).toContain(
        'options.client_secret',
      );
    expect(await vault.events(id)).toHaveLength(1);
    const sent = { options: { ...moved, client_secret: 'cnry_again' } };
    expect((await vault.send('PATCH', `/${id}`, sent)).status).toBe(200);
    expect((await vault.events(id)).at(-1)!.payload['changed']).toEqual(
      expect.arrayContaining(['token_endpoint', 'credentials']),
    );
  });

  it.each([
    ['a scope', { scope: 'read_orders' }],
    ['a permission', { read_orders: true }],
    ['scripts', { scripts: { fetchUserProfile: 'x' } }],
    ['an option of the caller’s own', { own: { deep: [1] } }],
    ['how the client authenticates', { token_endpoint_auth_method: 'client_secret_post' }],
    ['a parameter that is empty', { shop: '' }],
    ['a path', { provider_settings: { endpoints: { token: 'https://{shop}.myshopify.com/new/token' } } }],
    ['another setting', { provider_settings: { refresh: { skewSeconds: 90 } } }],
  ])('MG-14 that leave open where each account’s secret goes need no secret for %s', async (_, change) => {
    const { id } = await vault.create(connection('shopify'));
    const { options } = (await vault.send('GET', `/${id}`))['body'];
    const answer = await vault.send('PATCH', `/${id}`, { options: { ...options, ...change } });
    expect([answer['status'], answer['text']]).toEqual([200, expect.anything()]);
    expect((await vault.events(id)).at(-1)!.payload['changed']).toEqual(['options']);
  });

  it.each([
    ['a shop for everybody', { shop: 'evil' }],
    ['a refresh endpoint', { provider_settings: { endpoints: { refresh: 'https://evil.example/r' } } }],
    ['a revocation address', { provider_settings: { revocation: { url: 'https://evil.example/r' } } }],
    [
      'an identity call',
      { provider_settings: { identity: { request: { method: 'GET', url: 'https://evil.example/me' } } } },
    ],
    ['metadata by hand', { oidc_metadata: { revocation_endpoint: 'https://evil.example/r' } }],
    ['another entry', { provider: 'zendesk', subdomain: 'evil' }],
  ])('MG-14 M3 where accounts have addresses of their own, %s needs the secret', async (_, change) => {
    const { id } = await vault.create(custom({ options: { ...NO_URLS, provider: 'shopify' } }));
    const { options } = (await vault.send('GET', `/${id}`))['body'];
    expect(await vault.refusal('PATCH', `/${id}`, { options: { ...options, ...change } })).toContain(
      'options.client_secret',
    );
  });

  it('MG-14 M3 the event says that the token URL moved though tokens are refreshed where they were', async () => {
    const provider_settings = { endpoints: { refresh: 'https://provider.example/refresh' } };
    const { id } = await vault.create(custom({ options: { provider_settings } }));
    const { options } = custom({ options: { provider_settings, tokenURL: 'https://other.example/token' } });
    expect((await vault.send('PATCH', `/${id}`, { options })).status).toBe(200);
    expect((await vault.events(id)).at(-1)!.payload['changed']).toContain('token_endpoint');
  });

  it('M3 by direct SQL are what the origin is derived from', async () => {
    const { id } = await vault.create(connection('salesforce'));
    await vault.database.query(`UPDATE connections SET options = options || '{"host": "evil.example"}' WHERE id = $1`, [
      id,
    ]);
    expect((await vault.directory.byId(id, null))!.tokenOrigin).toBe('https://evil.example');
  });
});

describe('permission booleans', () => {
  it('are shown as they were sent, and only those that nobody knows are warned of', async () => {
    const options = { calendar: true, gmail: false, orkut: true, profile: true, offline_access: true, scope: 'email' };
    const body = await vault.create(connection('google-oauth2', options));
    expect(body).toMatchObject({ options, warnings: ['permission not known: orkut'] });
    const view = (await vault.directory.byId(body['id'], null))!;
    expect(catalogue.resolve(view).scopes).toEqual(['email', 'profile', 'https://www.googleapis.com/auth/calendar']);
  });
});

describe('client authentication', () => {
  it.each([
    ['box', 'client_secret_basic', /Box takes client_secret_post; choose/],
    ['airtable', 'client_secret_post', /takes client_secret_basic/],
    ['google-oauth2', 'none', /takes client_secret_post or client_secret_basic/],
    ['waad', 'private_key_jwt', /is not offered yet; use client_secret_post/],
    ['oauth2', 'tls_client_auth', /is not offered yet/],
    ['oauth2', 'made_up', /takes client_secret_basic or client_secret_post or none/],
  ])('of %s is not %s', async (strategy, method, message) => {
    const options = { ...optionsFor(strategy), token_endpoint_auth_method: method };
    expect(await vault.refusal('POST', '', connection(strategy, options))).toMatch(message);
  });

  it.each([
    ['stripe-apps', 'secret_as_basic_username'],
    ['dropbox', 'client_secret_post'],
    ['oauth2', 'none'],
  ])('of %s may be %s', async (strategy, method) => {
    await vault.create(connection(strategy, { ...optionsFor(strategy), token_endpoint_auth_method: method }));
  });
});

describe('options', () => {
  it.each([
    ['a scope that is too long', { scope: ['x'.repeat(190)] }, /options\.scope.*189/],
    ['more than 20 scopes in a list', { scope: Array(21).fill('a') }, /options\.scope.*20/],
    ['a scope string of over 4096', { scope: 'a '.repeat(2100) }, /options\.scope/],
    ['a control character in a scope', { scope: 'read\u0001' }, /options\.scope/],
    [
      'a header that is ours',
      { customHeaders: { Authorization: 'Basic x' } },
      /customHeaders\.Authorization: .*client_id/,
    ],
    ['a parameter of the flow', { authParams: { state: 'x' } }, /authParams\.state: belongs to the flow/],
    [
      'a parameter without a value',
      { authParams: { a: null } },
      /authParams\.a: must be a string of at most 2048 characters, a number or a boolean/,
    ],
    ['an unknown setting', { provider_settings: { refresh: { modus: 'x' } } }, /provider_settings\.refresh\.modus/],
    ['a name in settings', { provider_settings: { name: 'x' } }, /provider_settings\.name/],
    [
      'an inner address in settings',
      { provider_settings: { endpoints: { revocation: 'https://10.0.0.1/' } } },
      /provider_settings\.endpoints\.revocation: .*EGRESS/,
    ],
    [
      'an inner identity address',
      { provider_settings: { identity: { request: { method: 'GET', url: 'https://127.0.0.1/me' } } } },
      /identity\.request\.url: .*EGRESS/,
    ],
    [
      'an inner address that is overruled',
      { userInfoURL: 'https://169.254.169.254/' },
      /options\.userInfoURL: .*EGRESS/,
    ],
    ['HMAC', { id_token_signed_response_algs: ['HS256'] }, /response_algs\.0: must be an asymmetric/],
    ['an unknown PKCE', { connection_settings: { pkce: 'x' } }, /pkce: must be auto, S256, plain or disabled/],
    ['a domain with a path', { domain_aliases: ['a.example/x'] }, /domain_aliases\.0: must be a domain/],
    ['over 128 KiB', { own: 'x'.repeat(129 * 1024) }, /options: must not be over 128 KiB/],
  ])('MG-17 may not have %s, by name and rule', async (_, options: Json, message) => {
    expect(await vault.refusal('POST', '', custom({ options }))).toMatch(message);
  });

  it('MG-17 keep what is the caller’s own', async () => {
    const options = { own: { deep: [1] }, icon_url: 'https://cdn.example/i.png', non_persistent_attrs: ['a'] };
    expect((await vault.create(custom({ options })))['options']).toMatchObject(options);
  });

  it('describe a provider that nobody has seen', async () => {
    const options = {
      useOauthSpecScope: true,
      pkce_enabled: true,
      authParams: { audience: 'x' },
      authParamsMap: { login_hint: 'login_hint' },
      customHeaders: { 'X-Api': '1' },
      fieldsMap: { user_id: '/data/id', email: 'mail' },
      provider_settings: {
        clientAuth: { methods: ['client_secret_basic'], refreshMethods: ['client_secret_post'] },
        tokenResponse: { formats: ['json', 'form'], paths: { accessToken: ['/data/token'] }, noExpiry: 'non-expiring' },
        errors: { rules: [{ when: { bodyEquals: { '/ok': false } }, class: 'reconnect' }] },
      },
    };
    const body = await vault.create(custom({ options }));
    expect(body).not.toHaveProperty('warnings');
    expect(body).toMatchObject({ options, provider: { id: 'oauth2' } });
  });

  it('MG-05 warn of scripts, which are stored and not executed', async () => {
    const options = { scripts: { fetchUserProfile: 'x', getLogoutUrl: 'y' } };
    expect(await vault.create(custom({ options }))).toMatchObject({
      options,
      warnings: [expect.stringMatching(/fetchUserProfile .*fieldsMap/), expect.stringMatching(/getLogoutUrl/)],
    });
  });

  it('of a token bound to our key do not go with the vault', async () => {
    const body = connection('okta', { domain: 'acme.okta.com', dpop_signing_alg: 'ES256' });
    const { id } = await vault.create(body);
    expect(await vault.refusal('PATCH', `/${id}`, { connected_accounts: { active: true } })).toContain(
      'options.dpop_signing_alg',
    );
  });
});

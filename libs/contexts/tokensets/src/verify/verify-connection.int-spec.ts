import type { ConnectionView } from '@strongroom/contracts';
import { Egress } from '@strongroom/egress';
import { type MadeCertificate, TestAuthority } from '@strongroom/testing/certificates';
import { Bench } from '../../test/bench.js';
import { madeUpCatalogue } from '../../test/made-up-catalogue.js';
import { OpenidProvider } from '../../test/openid-provider.js';
import type { Check } from './check.js';

/** A provider that each shop has its own host of. */
const SHOP = {
  params: { shop: { pattern: '^[a-z0-9-]+$', required: true, source: 'user' } },
  endpoints: { authorization: 'https://{shop}.shops.example/authorize', token: 'https://{shop}.shops.example/token' },
  identity: { request: { method: 'GET', url: 'https://api.shops.example/me', scopes: ['me'] } },
};

describe('a verification of a connection', () => {
  let authority: TestAuthority;
  let pair: MadeCertificate;
  let idp: OpenidProvider;
  let bench: Bench;

  beforeAll(async () => {
    authority = await TestAuthority.make();
    pair = await authority.issue('CN=Test provider', { names: ['idp.example'] });
    const resolve = (host: string) =>
      host === 'nowhere.example'
        ? Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }))
        : Promise.resolve(['127.0.0.1']);
    const allow = [
      'https://idp.example:*',
      'https://other.example:*',
      'https://nowhere.example:*',
      'http://127.0.0.1:*',
    ];
    const egress = new Egress({ allow, ca: [authority.pem], resolve });
    bench = await Bench.start({}, { egress, catalogue: await madeUpCatalogue({ 'made-up-shops': SHOP }) });
  });
  afterAll(() => bench.stop());
  beforeEach(async () => {
    idp = await OpenidProvider.start(pair);
  });
  afterEach(() => idp.stop());

  const openid = (options: Record<string, unknown> = {}, more: Partial<ConnectionView> = {}) =>
    bench.connection(
      {},
      {
        strategy: 'oidc',
        options: { client_id: 'upstream-client', issuer: idp.url, ...options },
        metadata: { ...idp.metadata },
        ...more,
      },
    );

  async function verified(connectionId: string): Promise<{ ok: boolean; checks: Check[]; faults: Check[] }> {
    const answer = await post(connectionId);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toContain('cnry_');
    const said = answer.json<{ ok: boolean; checks: Check[] }>();
    const faults = said.checks.filter(({ ok }) => !ok);
    expect(said.ok).toBe(faults.length === 0);
    for (const { remedy } of faults) expect(remedy).toMatch(/\.$/);
    return { ...said, faults };
  }
  const post = (connectionId: string, scope = 'update:connections') =>
    bench.app.inject({
      method: 'POST',
      url: `/api/v2/connections/${connectionId}/verify`,
      headers: { authorization: `Bearer ${scope}` },
    });
  const lines = ({ checks }: { checks: Check[] }) => checks.map(({ name }) => name);

  it('MG-23 of one that works says so line by line, and what to register', async () => {
    const said = await verified(await openid());
    expect(said.faults).toEqual([]);
    expect(lines(said)).toEqual([
      'configuration',
      'urls',
      'hosts',
      'tls',
      'discovery',
      'issuer',
      'keys',
      'token_endpoint',
      'client_authentication',
      'redirect_uris',
    ]);
    const [connect, login] = [/\/connect\/callback\/tool-\w+ /, /\/login\/callback\/tool-\w+$/];
    expect(said.checks.at(-1)!.detail).toMatch(connect);
    expect(said.checks.at(-1)!.detail).toMatch(login);
    const [sent] = idp.calls.filter(({ path }) => path === '/token');
    expect(Object.fromEntries(sent!.form)).toMatchObject({
      grant_type: 'authorization_code',
      code: expect.stringMatching(/^strongroom-verify-/),
      redirect_uri: expect.stringMatching(connect.source.replace(' ', '$') as never),
    });
  });

  it.each([
    ['invalid_client', 'the client id or secret', /client_id.* secret .*active/],
    ['incorrect_client_credentials', 'the client id or secret', /client_id.* secret .*active/],
    ['bad_client_secret', 'the client id or secret', /client_id.* secret .*active/],
    ['bad_client_id_or_secret', 'the client id or secret', /client_id.* secret .*active/],
    ['application_identity_mismatch', 'the client id or secret', /client_id.* secret .*active/],
    ['unauthorized_client', 'the client id or secret', /client_id.* secret .*grant/],
    ['redirect_uri_mismatch', 'the redirect URI', /redirect URIs/],
    ['invalid_client_id', 'the client id', /^Correct options\.client_id\.$/],
    ['unknown_client', 'the client id', /^Correct options\.client_id\.$/],
  ])('MG-23 claims no more than the code says where the provider answers %s', async (error, part, remedy) => {
    const rules = [{ when: { code: [error] }, class: 'client_config' }];
    idp.routes['/token'] = () => ({ status: 400, body: { error, error_description: 'cnry_client_secret is wrong' } });
    const { faults } = await verified(await openid({ provider_settings: { errors: { rules } } }));
    const fault = { name: 'client_authentication', detail: `the provider refuses ${part}` };
    expect(faults).toMatchObject([{ ...fault, remedy: expect.stringMatching(remedy) }]);
  });

  it.each([
    ['client_secret_basic', 'the client id and secret it came with'],
    ['client_secret_post', 'the client id and secret it came with'],
    ['secret_as_basic_username', 'the client id is not sent'],
    ['secret_as_bearer', 'the client id is not sent'],
  ])('MG-23 says what was tried of a client that authenticates by %s', async (method, detail) => {
    idp.routes['/token'] = () => ({ status: 400, body: { error: 'invalid_grant' } });
    const { ok, checks } = await verified(await openid({ provider_settings: { clientAuth: { methods: [method] } } }));
    expect(ok).toBe(true);
    expect(checks.find(({ name }) => name === 'client_authentication')!.detail).toContain(detail);
  });

  it('MG-23 of a wrong secret is false in one line', async () => {
    const connectionId = await openid();
    await bench.secret(connectionId, 'cnry_another_secret');
    const { faults } = await verified(connectionId);
    expect(faults).toMatchObject([{ name: 'client_authentication', remedy: expect.stringContaining('client secret') }]);
  });

  it('does not take an answer that says nothing of the client for a good one', async () => {
    idp.routes['/token'] = () => ({ status: 400, body: { error: 'cnry_whatever' } });
    const { faults } = await verified(await openid());
    expect(faults).toMatchObject([{ name: 'client_authentication', detail: expect.stringContaining('not decided') }]);
  });

  it.each([
    ['404', { status: 404, body: 'nothing' }, 'not there (status 404)'],
    ['404 and an error', { status: 404, body: { error: 'not_found' } }, 'not there (status 404)'],
    ['a web page', { status: 200, body: '<html>cnry_page</html>' }, 'web page'],
    ['a redirect', { status: 302, body: '', headers: { location: 'https://idp.example/elsewhere' } }, 'redirects'],
    ['JSON of another kind', { status: 200, body: { hello: 'cnry_world' } }, 'what no token endpoint says'],
    ['a token', { status: 200, body: { access_token: 'cnry_at', token_type: 'bearer' } }, 'nobody issued'],
  ])('names the token URL where it answers %s', async (_, answer, detail) => {
    idp.routes['/token'] = () => answer;
    const { faults } = await verified(await openid());
    expect(faults).toMatchObject([
      { name: 'token_endpoint', detail: expect.stringContaining(detail), remedy: expect.stringContaining('token URL') },
    ]);
  });

  it('says that nobody listens where the token URL points', async () => {
    const { faults } = await verified(await openid({ token_endpoint: 'http://127.0.0.1:1/token' }));
    expect(faults).toMatchObject([
      {
        name: 'token_endpoint',
        detail: 'http://127.0.0.1:1/token takes no connection',
        remedy: expect.stringContaining('port of the token URL'),
      },
    ]);
  });

  it('does not blame the token URL for an outage', async () => {
    idp.routes['/token'] = () => ({ status: 503, body: 'cnry_down' });
    const { faults } = await verified(await openid());
    expect(faults).toMatchObject([{ name: 'token_endpoint', remedy: expect.stringContaining('later') }]);
  });

  describe('whose server shows', () => {
    it.each([
      ['an expired certificate', { until: new Date('2021-02-03T04:05:06Z') }, 'expired on 2021-02-03T04:05:06.000Z'],
      ['one of tomorrow', { from: new Date('2099-02-03T04:05:06Z') }, 'valid only from 2099-02-03T04:05:06.000Z'],
    ])('%s says when, and sends nothing', async (_, validity, detail) => {
      const from = new Date('2020-02-03');
      idp.show(
        await authority.issue('CN=Test provider', {
          names: ['idp.example'],
          from,
          until: new Date('2100-01-01'),
          ...validity,
        }),
      );
      const { faults } = await verified(await openid());
      expect(faults).toMatchObject([{ name: 'tls', detail: expect.stringContaining(detail) }]);
      expect(idp.calls).toEqual([]);
    });

    it('a certificate for another name says which, and sends nothing', async () => {
      idp.show(await authority.issue('CN=Test provider', { names: ['someone.example'] }));
      const { faults } = await verified(await openid());
      expect(faults).toMatchObject([{ name: 'tls', detail: expect.stringContaining('another name: someone.example') }]);
      expect(idp.calls).toEqual([]);
    });

    it('a certificate of an unknown authority says so, and sends nothing', async () => {
      idp.show(await (await TestAuthority.make()).issue('CN=Test provider', { names: ['idp.example'] }));
      const { faults } = await verified(await openid());
      expect(faults).toMatchObject([{ name: 'tls', remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS') }]);
      expect(idp.calls).toEqual([]);
    });
  });

  it('names the issuer where the provider names another', async () => {
    const connectionId = await openid();
    idp.metadata['issuer'] = `${idp.url}/`;
    expect((await verified(connectionId)).faults).toMatchObject([
      { name: 'issuer', detail: expect.stringContaining(`another issuer than ${idp.url}`) },
    ]);
  });

  it('names the issuer where the option is wrong and the document is found', async () => {
    const discovery_url = `${idp.url}/.well-known/openid-configuration`;
    const { faults } = await verified(await openid({ discovery_url, issuer: `${idp.url}/realm` }));
    expect(faults).toMatchObject([{ name: 'issuer' }]);
  });

  it('names discovery where there is no document', async () => {
    delete idp.routes['/.well-known/openid-configuration'];
    expect((await verified(await openid())).faults).toMatchObject([
      { name: 'discovery', detail: expect.stringContaining('404') },
    ]);
  });

  it('says that the provider now names another token endpoint', async () => {
    const connectionId = await openid();
    idp.metadata['token_endpoint'] = `${idp.url}/new`;
    const { checks, ok } = await verified(connectionId);
    expect(ok).toBe(true);
    expect(checks.find(({ name }) => name === 'discovery')!.detail).toContain('save it again');
  });

  it.each([
    ['no key set', { status: 200, body: { keys: 'none' } }],
    ['nothing', { status: 404, body: 'nothing' }],
    ['a key that is none', { status: 200, body: { keys: [{ kty: 'EC', use: 'sig', alg: 'ES256', crv: 'P-256' }] } }],
  ])('names the keys where there is %s', async (_, answer) => {
    idp.routes['/keys'] = () => answer;
    expect((await verified(await openid())).faults).toMatchObject([{ name: 'keys' }]);
  });

  it('names the keys where all of them are for encryption', async () => {
    const keys = idp.routes['/keys']!;
    idp.routes['/keys'] = (called) => {
      const { body } = keys(called) as { body: { keys: object[] } };
      return { status: 200, body: { keys: body.keys.map((key) => ({ ...key, use: 'enc' })) } };
    };
    expect((await verified(await openid())).faults).toMatchObject([{ name: 'keys' }]);
  });

  it('names a URL that may not be called, and calls nothing', async () => {
    const token_endpoint = 'https://169.254.169.254/token';
    const { faults } = await verified(await openid({ token_endpoint }));
    expect(faults).toMatchObject([{ name: 'urls', detail: expect.stringContaining('169.254.169.254') }]);
    expect(idp.calls).toEqual([]);
  });

  it('names a host that nobody knows', async () => {
    const { faults } = await verified(await openid({ token_endpoint: 'https://nowhere.example:4711/token' }));
    expect(faults).toMatchObject([{ name: 'hosts', detail: expect.stringContaining('nowhere.example') }]);
  });

  it('names an option that is missing', async () => {
    const { faults } = await verified(await openid({ client_id: '' }));
    expect(faults).toMatchObject([{ name: 'configuration', detail: expect.stringContaining('options.client_id') }]);
  });

  it('names a stored secret that does not open', async () => {
    const connectionId = await openid();
    bench.directory.secrets.set(connectionId, bench.directory.secrets.values().next().value!);
    const { faults } = await verified(connectionId);
    expect(faults).toMatchObject([{ name: 'client_authentication', detail: expect.stringContaining('opened') }]);
  });

  it('leaves out what each account brings, and says so', async () => {
    const options = { client_id: 'upstream-client' };
    const { ok, checks } = await verified(await bench.connection({}, { strategy: 'made-up-shops', options }));
    expect(ok).toBe(true);
    expect(checks).toMatchObject([
      { name: 'configuration', detail: expect.stringContaining('shop') },
      { name: 'redirect_uris' },
    ]);
  });

  it('warns of scopes that name and e-mail need', async () => {
    const { url } = bench.provider;
    const identity = { request: { method: 'GET', url: `${url}/me`, scopes: ['read', 'profile'] } };
    const { checks } = await verified(await bench.connection({ identity }));
    expect(checks.find(({ name }) => name === 'identity_scopes')).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/without profile$/),
      remedy: expect.any(String),
    });
  });

  it('is refused without its scope, and of a connection that is not there', async () => {
    const connectionId = await openid();
    expect((await post(connectionId, 'read:connections')).statusCode).toBe(403);
    const answer = await post('con_nothing');
    expect([answer.statusCode, answer.json().errorCode]).toEqual([404, 'inexistent_connection']);
  });
});

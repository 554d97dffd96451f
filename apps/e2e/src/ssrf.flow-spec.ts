import { Canaries, hostileUrls, type HostileUrl } from '@strongroom/testing/ssrf';
import {
  type Answer,
  eventually,
  Installation,
  type Json,
  Scene,
  SHORT,
  SimulatedProvider,
  unique,
} from './driver/index.js';

const CLIENT = { client_id: 'app', client_secret: 'cnry_cs_of_a_hostile_connection' };
const AUTHORIZE = 'https://idp.example/authorize';
const TOKEN = 'https://idp.example/token';
const OAUTH2 = { ...CLIENT, authorizationURL: AUTHORIZE, tokenURL: TOKEN };
const OPENID = {
  ...CLIENT,
  issuer: 'https://idp.example/',
  authorization_endpoint: AUTHORIZE,
  token_endpoint: TOKEN,
  jwks_uri: 'https://idp.example/jwks',
};

/** Every option that names an address which is called, or to which a browser is sent; what else the connection says. */
const CALLED: [strategy: string, path: string, others: Json][] = [
  ...['authorizationURL', 'tokenURL', 'userInfoURL'].map((path) => ['oauth2', path, OAUTH2] as [string, string, Json]),
  ...['authorization', 'token', 'refresh', 'userinfo', 'revocation', 'introspection'].map(
    (name) => ['oauth2', `provider_settings.endpoints.${name}`, OAUTH2] as [string, string, Json],
  ),
  ['oauth2', 'provider_settings.identity.request.url', OAUTH2],
  ['oauth2', 'provider_settings.revocation.url', OAUTH2],
  ['oidc', 'issuer', CLIENT],
  ['oidc', 'discovery_url', CLIENT],
  ...['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'].map(
    (path) => ['oidc', path, OPENID] as [string, string, Json],
  ),
  ...['token_endpoint', 'jwks_uri', 'revocation_endpoint'].map(
    (name) => ['oidc', `oidc_metadata.${name}`, OPENID] as [string, string, Json],
  ),
];
/** Members of a discovery document that are called. */
const DISCOVERED = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'revocation_endpoint',
  'introspection_endpoint',
];

/** Said where a text is no URL of a provider at all. */
const SHAPE = /must be an absolute|is not the address of a provider|not have the form/;

describe('URLs of a connection that lead inside (P1)', () => {
  const installation = Installation.fromEnvironment();
  let canaries: Canaries;
  let corpus: HostileUrl[];
  const made: string[] = [];

  beforeAll(async () => {
    canaries = await Canaries.listen();
    corpus = hostileUrls(canaries);
  });
  afterEach(async () => {
    for (const id of made.splice(0)) await installation.management('DELETE', `/connections/${id}`);
    expect(canaries.visits).toEqual([]);
  });
  afterAll(async () => {
    await installation.close();
    await canaries.close();
  });

  const create = async (strategy: string, options: Json) => {
    const answer = await installation.management('POST', '/connections', {
      name: unique('hostile'),
      strategy,
      authentication: { active: false },
      connected_accounts: { active: true },
      options,
    });
    if (answer.status < 300) made.push(String(answer.json['id']));
    return answer;
  };
  /** Which of the URLs were let through, or refused without a word on where and why; how many by the guard itself. */
  const tried = async (urls: readonly string[], path: string, send: (url: string) => Promise<Answer>) => {
    const faults: string[] = [];
    let byGuard = 0;
    const rest = [...urls];
    const worker = async (): Promise<void> => {
      for (let url = rest.pop(); url !== undefined; url = rest.pop()) {
        const { status, text } = await send(url);
        const isGuard = text.includes('STRONGROOM_EGRESS_ALLOW');
        const says = text.includes(`options.${path}`) && (isGuard || SHAPE.test(text));
        if (status !== 400 || !says) faults.push(`${JSON.stringify(url)}: ${status} ${text}`);
        if (isGuard) byGuard++;
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return { faults, byGuard };
  };

  it('has a corpus and canaries', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(190);
    expect(canaries.addresses).toContain('127.0.0.1');
  });

  it.each(CALLED)(
    '%s: refuses each of them as %s, and says which setting would allow it',
    async (strategy, path, others) => {
      const urls = corpus.map(({ url }) => url);
      const { faults, byGuard } = await tried(urls, path, (url) => create(strategy, withMember(others, path, url)));
      expect(faults).toEqual([]);
      expect(byGuard).toBeGreaterThanOrEqual(140);
    },
  );

  it.each(CALLED.filter(([, path]) => /^(tokenURL|discovery_url|jwks_uri|issuer)$|identity/.test(path)))(
    '%s: refuses inner addresses at the usual port of https as %s',
    async (strategy, path, others) => {
      const urls = corpus
        .filter(({ leads, byName, url }) => leads !== 'nowhere' && !byName && url.startsWith('http://'))
        .map(({ url }) => url.replace(/^http:/, 'https:').replace(`:${canaries.port}`, ''));
      const { faults, byGuard } = await tried(urls, path, (url) => create(strategy, withMember(others, path, url)));
      expect(faults).toEqual([]);
      expect(byGuard).toBeGreaterThanOrEqual(130);
    },
  );

  it('refuses them too when a connection is changed, which then is as it was', async () => {
    const { json } = await create('oauth2', OAUTH2);
    const one = `/connections/${String(json['id'])}`;
    const urls = corpus.filter(({ leads }) => leads === 'here').map(({ url }) => url);
    const change = (url: string) => installation.management('PATCH', one, { options: { ...OAUTH2, tokenURL: url } });
    expect((await tried(urls, 'tokenURL', change)).faults).toEqual([]);
    expect((await installation.manage('GET', one))['options']).toMatchObject({ tokenURL: TOKEN });
  });

  it('never loads what only a browser would', async () => {
    const { json } = await create('oauth2', OAUTH2);
    const one = `/connections/${String(json['id'])}`;
    for (const { url } of corpus) {
      const options = { ...OAUTH2, icon_url: url, logoutUrl: url };
      expect([200, 400]).toContain((await installation.management('PATCH', one, { options })).status);
    }
    await installation.manage('GET', one);
  });

  describe('named by a provider that may be called', () => {
    let provider: SimulatedProvider;
    let document: Json;

    beforeAll(async () => {
      provider = await SimulatedProvider.create(installation, { issueIdToken: true });
      document = (await installation.http.send(`${provider.url}/.well-known/openid-configuration`)).json;
    });
    const options = () => ({
      client_id: provider.clientId,
      client_secret: provider.clientSecret,
      issuer: provider.url,
      type: 'back_channel',
    });
    const inner = () => [
      `http://127.0.0.1:${canaries.port}/`,
      `http://[::1]:${canaries.port}/`,
      `http://localhost:${canaries.port}/`,
      `https://0x7f.1../`,
      'http://169.254.169.254/latest/meta-data/',
      'https://[fd00:ec2::254]/',
      'https://10.0.0.1/',
      'file:///etc/passwd',
    ];

    it.each(DISCOVERED)('refuses a document whose %s leads inside', async (member) => {
      for (const url of inner()) {
        await provider.fault({ phase: 'discovery', status: 200, body: { ...document, [member]: url } });
        const answer = await create('oidc', options());
        expect([url, answer.status]).toEqual([url, 400]);
        expect(answer.text).toContain('STRONGROOM_EGRESS_ALLOW');
      }
    });

    it('follows no redirect of a document, and verify calls nobody inside', async () => {
      await provider.fault({ phase: 'discovery', redirect: inner()[0] });
      expect((await create('oidc', options())).status).toBe(400);
      const { json } = await create('oidc', options());
      const verify = () => installation.management('POST', `/connections/${String(json['id'])}/verify`);
      expect((await verify()).status).toBe(200);
      for (const url of inner()) {
        for (const member of DISCOVERED) {
          await provider.fault({ phase: 'discovery', status: 200, body: { ...document, [member]: url } });
          expect(await verify()).toMatchObject({ status: 200, json: { ok: false } });
        }
      }
      for (const phase of ['discovery', 'jwks', 'exchange'])
        for (const status of [302, 307]) {
          await provider.fault({ phase, status, redirect: inner()[0], times: 1 });
          expect(await verify()).toMatchObject({ status: 200, json: { ok: false } });
        }
    });

    it.each(['exchange', 'identity'])(
      'sends nothing on when the answer of the %s call is a redirect',
      async (phase) => {
        const scene = await Scene.create(installation);
        await scene.provider.fault({ phase, redirect: inner()[0] });
        await scene.connect().catch(() => undefined);
        expect(await scene.accounts()).toEqual([]);
        expect((await scene.provider.state()).tokenRequests.authorization_code).toBe(1);
      },
    );

    it('sends nothing on when the answer to a refresh is a redirect', async () => {
      const scene = await Scene.create(installation, { provider: SHORT });
      await scene.connect();
      await scene.provider.fault({ phase: 'refresh', redirect: inner()[0], times: null });
      // Once the token that came with the account is over.
      await eventually(
        () => scene.exchange(),
        ({ status }) => status !== 200,
      );
      expect(await scene.provider.refreshes()).toBeGreaterThanOrEqual(1);
    });
  });
});

/** `a.b.c` set in a copy. */
function withMember(members: Json, path: string, value: unknown): Json {
  const [first, ...rest] = path.split('.') as [string, ...string[]];
  const inner = rest.length > 0 ? withMember((members[first] ?? {}) as Json, rest.join('.'), value) : value;
  return { ...members, [first]: inner };
}

import {
  askMyAccountToken,
  type Client,
  createApi,
  createClient,
  credentialsOf,
  exchange,
  Installation,
  login,
  MY_ACCOUNT_SCOPE,
  newVerifier,
  passOwnPages,
  Scene,
  VAULT_GRANT,
} from './driver/index.js';
import { authorization, authorizeUrl } from './libraries/sign-in.js';

const COPIES = 50;

describe('the grants around the exchange', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation, {
      client: {
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT],
        web_origins: ['https://app.example'],
      },
    });
  });
  afterAll(() => installation.close());

  const claimsOf = (token: unknown): Record<string, unknown> =>
    JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
  const words = (text: unknown): string[] => String(text).split(' ').sort();

  /** A browser goes to `/authorize` with this query and ends somewhere; signed in on the way if asked to. */
  async function authorize(query: Record<string, string | undefined>): Promise<URL> {
    const said = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const { browser } = scene.person;
    const start = await browser.visit(authorizeUrl(installation, Object.fromEntries(said)));
    return (await passOwnPages(browser, start, scene.person)).url;
  }
  const redeem = (client: Client, code: string | null, verifier?: string) =>
    installation.token({
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: client.callback,
      ...(verifier ? { code_verifier: verifier } : {}),
      ...credentialsOf(client),
    });

  it('GR-01 gives a token for the My Account API with all five scopes', async () => {
    const { status, json } = await askMyAccountToken(installation, scene.client, scene.tokens.refreshToken);
    expect(status).toBe(200);
    expect(json['token_type']).toBe('Bearer');
    expect(words(json['scope'])).toEqual(words(MY_ACCOUNT_SCOPE));
    expect([claimsOf(json['access_token'])['aud']].flat()).toContain(installation.myAccountAudience);
  });

  it('GR-02, GR-03 gives none without a policy, none of the Management API, and no scope beyond the policy', async () => {
    const bare = await createClient(installation, {
      refresh_token: { rotation_type: 'non-rotating', expiration_type: 'non-expiring' },
    });
    const { refreshToken } = await login(installation, bare, scene.person);
    const unlisted = await askMyAccountToken(installation, bare, refreshToken);
    expect(unlisted).toMatchObject({ status: 400, json: { error: 'invalid_target' } });

    const ask = (audience: string, scope: string) =>
      installation.token({
        grant_type: 'refresh_token',
        refresh_token: scene.tokens.refreshToken,
        audience,
        scope,
        ...credentialsOf(scene.client),
      });
    const beyond = await ask(installation.myAccountAudience, 'read:me:connected_accounts read:me:everything');
    expect(beyond.status).toBe(200);
    expect(words(beyond.json['scope'])).toContain('read:me:connected_accounts');
    expect(words(beyond.json['scope'])).not.toContain('read:me:everything');
    const management = await ask(`${installation.url}/api/v2/`, 'read:users');
    expect(management).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
  });

  it('GR-04 tells a grant for people from one for machines, where an API demands it', async () => {
    const audience = `${(await createApi(installation)).audience}people/`;
    await installation.manage('POST', '/resource-servers', {
      identifier: audience,
      name: 'for people',
      scopes: [{ value: 'read:it' }],
      allow_offline_access: true,
      skip_consent_for_verifiable_first_party_clients: true,
      subject_type_authorization: { user: { policy: 'require_client_grant' } },
    });
    const client = await createClient(installation, {
      refresh_token: {
        rotation_type: 'non-rotating',
        expiration_type: 'non-expiring',
        policies: [{ audience, scope: ['read:it'] }],
      },
    });
    const { refreshToken } = await login(installation, client, scene.person);
    const ask = () =>
      installation.token({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        audience,
        ...credentialsOf(client),
      });
    const grant = (subject_type: string) =>
      installation.management('POST', '/client-grants', {
        client_id: client.id,
        audience,
        subject_type,
        scope: ['read:it'],
      });
    expect((await grant('client')).status).toBe(201);
    expect((await ask()).json['error']).toBe('invalid_target');
    expect((await grant('user')).status).toBe(201);
    const given = await ask();
    expect(given.status).toBe(200);
    expect(words(given.json['scope'])).toContain('read:it');
  });

  it('GR-06 revokes as form and as JSON, known and unknown, and says nothing', async () => {
    const revoke = `${installation.url}/oauth/revoke`;
    for (const send of [
      (form: Record<string, string>) => installation.http.sendForm(revoke, form),
      (body: Record<string, string>) => installation.http.sendJson('POST', revoke, body),
    ]) {
      const { refreshToken } = await login(installation, scene.client, scene.person);
      for (const token of [refreshToken, refreshToken, 'cnry_rt_nobody_knows'])
        expect(await send({ token, ...credentialsOf(scene.client) })).toMatchObject({ status: 200, text: '' });
      const refused = await exchange(installation, scene.client, scene.connection, refreshToken);
      expect(refused).toMatchObject({ status: 403, json: { error: 'invalid_grant' } });
    }
  });

  it('GR-07 gives back the state that was sent and none that was not', async () => {
    const { query } = authorization(scene.client);
    expect((await authorize(query)).searchParams.has('state')).toBe(false);
    const state = 'c3RhdGU+with/odd==';
    expect((await authorize({ ...query, state })).searchParams.get('state')).toBe(state);
  });

  it('GR-08 wants S256 and the right verifier, unless a confidential client goes without and sends a nonce', async () => {
    const { query, verifier } = authorization(scene.client);
    const refused = async (changed: Record<string, string | undefined>) => {
      const { searchParams } = await authorize({ ...query, ...changed });
      expect(searchParams.has('code')).toBe(false);
      expect(searchParams.get('error')).toBe('invalid_request');
    };
    await refused({ code_challenge: undefined, code_challenge_method: undefined });
    await refused({ code_challenge_method: 'plain' });
    const code = (await authorize(query)).searchParams.get('code');
    expect(await redeem(scene.client, code, newVerifier())).toMatchObject({ json: { error: 'invalid_grant' } });

    const without = await createClient(installation, { require_pkce: false });
    const older = { ...query, client_id: without.id, code_challenge: undefined, code_challenge_method: undefined };
    expect((await authorize(older)).searchParams.get('error')).toBe('invalid_request');
    const codeOf = async () => (await authorize({ ...older, nonce: 'n-1' })).searchParams.get('code');
    expect((await redeem(without, await codeOf())).status).toBe(200);
    expect((await redeem(without, await codeOf(), verifier)).status).toBe(400);
    const open = await installation.management('POST', '/clients', {
      name: 'public',
      token_endpoint_auth_method: 'none',
      require_pkce: false,
    });
    expect(open.status).toBe(400);
  });

  it('GR-10 redeems a code and a rotating refresh token once, however many ask at once', async () => {
    const rotating = await createClient(installation, {
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 },
    });
    const { query, verifier } = authorization(rotating);
    const code = (await authorize(query)).searchParams.get('code');
    const succeed = async (send: () => ReturnType<typeof redeem>) => {
      const answers = await Promise.all(Array.from({ length: COPIES }, send));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(Math.max(...statuses)).toBeLessThan(500);
    };
    await succeed(() => redeem(rotating, code, verifier));
    const { refreshToken } = await login(installation, rotating, scene.person);
    await succeed(() =>
      installation.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...credentialsOf(rotating) }),
    );
  });

  it('GR-11 has no grant for passwords', async () => {
    const answer = await installation.token({
      grant_type: 'password',
      username: scene.person.email,
      password: scene.person.password,
      ...credentialsOf(scene.client),
    });
    expect(answer).toMatchObject({ status: 400, json: { error: 'unsupported_grant_type' } });
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('GR-12 lets pages of a registered origin ask, and of no other', async () => {
    const preflight = (path: string, origin: string) =>
      installation.http.send(`${installation.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,dpop',
        },
      });
    const ofIdentity = ['/oauth/revoke', '/userinfo', '/.well-known/jwks.json', '/me/v1/sessions'];
    for (const path of ['/oauth/token', ...ofIdentity, '/me/v1/connected-accounts/connect', '/me/v1/receipts']) {
      const allowed = await preflight(path, 'https://app.example');
      expect([path, allowed.headers['access-control-allow-origin']]).toEqual([path, 'https://app.example']);
      expect(words(allowed.headers['access-control-allow-headers']?.toLowerCase().replaceAll(/,\s*/g, ' '))).toEqual(
        expect.arrayContaining(['authorization', 'content-type', 'dpop']),
      );
      expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
      const refused = await preflight(path, 'https://evil.example');
      expect([path, refused.headers['access-control-allow-origin']]).toEqual([path, undefined]);
    }
  });

  it('ID-23 lets no page read what another client is told', async () => {
    const page = 'https://own.example';
    const client = await createClient(installation, { web_origins: [page] });
    const ask = (origin: string) =>
      installation.http.sendForm(
        `${installation.url}/oauth/token`,
        { grant_type: 'client_credentials', audience: 'https://nowhere.example', ...credentialsOf(client) },
        { origin },
      );
    for (const [origin, readable] of [
      [page, page],
      ['https://app.example', undefined], // a page of another client
      ['https://evil.example', undefined],
    ] as const) {
      const { status, headers } = await ask(origin);
      expect([status, origin, headers['access-control-allow-origin']]).toEqual([403, origin, readable]);
      expect(headers['vary']).toContain('Origin');
      const keys = await installation.http.send(`${installation.url}/.well-known/jwks.json`, { headers: { origin } });
      const known = origin === 'https://evil.example' ? undefined : origin;
      expect(keys.headers['access-control-allow-origin']).toBe(known);
    }
  });

  it('GR-14 says at every door that organisations are not offered', async () => {
    const { query } = authorization(scene.client);
    const { searchParams } = await authorize({ ...query, organization: 'org_1' });
    expect(searchParams.get('error')).toBe('invalid_request');
    expect(searchParams.get('error_description')).toMatch(/organi[sz]ations are not offered/);
    const answers = [
      await installation.http.sendForm(`${installation.url}/oauth/par`, {
        ...query,
        organization: 'org_1',
        ...credentialsOf(scene.client),
      }),
      await installation.token({
        grant_type: 'client_credentials',
        audience: installation.myAccountAudience,
        organization: 'org_1',
        ...credentialsOf(scene.client),
      }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(400);
      expect(text).toMatch(/organi[sz]ations are not offered/);
    }
  });
});

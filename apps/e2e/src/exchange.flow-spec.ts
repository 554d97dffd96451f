import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import {
  ACCESS_TOKEN,
  createApi,
  createClient,
  createConnection,
  connect,
  DUE,
  enable,
  exchange,
  Installation,
  LIFE_SECONDS,
  login,
  LONG,
  patiently,
  REFRESH_TOKEN,
  REQUESTED,
  Scene,
  SHORT,
  TOKEN_EXCHANGE,
  untilDue,
  untilOver,
  vaultForm,
} from './driver/index.js';

describe('the exchange', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation, { provider: { accessTokenSeconds: LIFE_SECONDS } });
    await scene.connect();
  });
  afterAll(() => installation.close());

  const form = () => vaultForm(scene.connection.name, scene.tokens.refreshToken);
  const posted = () => ({ client_id: scene.client.id, client_secret: scene.client.secret });

  it('EX-01 and EX-15 answers a form with the five members of a success, in JSON that nobody keeps', async () => {
    const answer = await scene.exchange();
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json).sort()).toEqual([
      'access_token',
      'expires_in',
      'issued_token_type',
      'scope',
      'token_type',
    ]);
    expect(answer.json).toMatchObject({ token_type: 'Bearer', issued_token_type: REQUESTED, scope: 'read write' });
    expect(answer.json['expires_in']).toEqual(expect.any(Number));
    expect(answer.json['expires_in']).toBeGreaterThan(0);
    expect(answer.json['expires_in']).toBeLessThanOrEqual(LIFE_SECONDS);
    expect(answer.headers['content-type']).toMatch(/^application\/json(;|$)/);
    expect(answer.headers['cache-control']).toContain('no-store');
    expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
  });

  it('EX-02 takes JSON as well', async () => {
    const body = { ...form(), ...posted() };
    const answer = await installation.http.sendJson('POST', `${installation.url}/oauth/token`, body);
    expect(answer.status).toBe(200);
    expect(answer.json['access_token']).toBe((await scene.exchange()).json['access_token']);
  });

  it('EX-03 takes a charset in the content type and the header of the libraries', async () => {
    const answer = await installation.token(
      { ...form(), ...posted() },
      {
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        'auth0-client': Buffer.from('{"name":"flow","version":"1"}').toString('base64'),
      },
    );
    expect(answer.status).toBe(200);
  });

  it('EX-17 takes a parameter once, passes over an unknown one, and refuses what would name another person', async () => {
    const body = `${new URLSearchParams({ ...form(), ...posted() }).toString()}&connection=${scene.connection.name}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const twice = await installation.http.send(`${installation.url}/oauth/token`, { method: 'POST', headers, body });
    const others: Record<string, string>[] = [
      { subject_token: '' },
      { audience: 'https://elsewhere.example/' },
      { user_id: scene.person.userId },
    ];
    for (const answer of [twice, ...(await Promise.all(others.map((one) => scene.exchange(one))))])
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    expect((await scene.exchange({ surprise: 'x' })).status).toBe(200);
  });

  it('EX-04 knows the client by HTTP Basic', async () => {
    const { id, secret } = scene.client;
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    expect((await installation.token(form(), { authorization })).status).toBe(200);
  });

  describe('with an API of the application', () => {
    let api: Awaited<ReturnType<typeof createApi>>;
    let accessToken: string;
    const byApi = () => ({ client_id: api.client.id, client_secret: api.client.secret });
    beforeAll(async () => {
      api = await createApi(installation);
      await enable(installation, scene.connection.id, [api.client]);
      ({ accessToken } = await login(installation, scene.client, scene.person, { audience: api.audience }));
    });

    it('EX-05 finds the client by its subject token when only a secret is sent', async () => {
      const byRefreshToken = await installation.token({ ...form(), client_secret: scene.client.secret });
      expect(byRefreshToken.status).toBe(200);
      const subject = vaultForm(scene.connection.name, accessToken, ACCESS_TOKEN);
      expect((await installation.token({ ...subject, client_secret: api.client.secret })).status).toBe(200);
      const wrong = await installation.token({ ...form(), client_secret: `${scene.client.secret}x` });
      expect([wrong.status, wrong.json['error']]).toEqual([401, 'invalid_client']);
    });

    it("EX-07 and EX-20 takes an access token, as it was minted, from its API's own client", async () => {
      const answer = await exchange(installation, api.client, scene.connection, accessToken, {
        subject_token_type: ACCESS_TOKEN,
      });
      expect(answer.status).toBe(200);
      expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
    });

    it('RE-15 and RE-16 keeps an access token to the client of its own API', async () => {
      const other = await createApi(installation);
      await enable(installation, scene.connection.id, [other.client]);
      for (const client of [other.client, scene.client]) {
        const more = { subject_token_type: ACCESS_TOKEN };
        const answer = await exchange(installation, client, scene.connection, accessToken, more);
        expect([answer.status, answer.json['error']]).toEqual([403, 'unauthorized_client']);
      }
    });

    it('AD-01 takes plain RFC 8693 for either kind of token', async () => {
      const plain = { grant_type: TOKEN_EXCHANGE, audience: scene.connection.name };
      const asked = [
        { subject_token: scene.tokens.refreshToken, subject_token_type: REFRESH_TOKEN, ...posted() },
        { subject_token: accessToken, subject_token_type: ACCESS_TOKEN, ...byApi() },
      ];
      for (const one of asked) {
        const answer = await installation.token({ ...plain, ...one });
        expect([answer.status, answer.json['issued_token_type']]).toEqual([200, ACCESS_TOKEN]);
        expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
      }
    });

    it("AD-03 hands out at Keycloak's path what a form asks for, and nothing to GET", async () => {
      const url = `${installation.url}/realms/main/broker/${scene.connection.name}/token`;
      const answer = await installation.http.sendForm(url, { token: accessToken, ...byApi() });
      expect([answer.status, answer.json['issued_token_type']]).toEqual([200, ACCESS_TOKEN]);
      expect(answer.headers['cache-control']).toContain('no-store');
      expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
      const older = await installation.http.send(url, { headers: { authorization: `Bearer ${accessToken}` } });
      expect([older.status, older.headers['allow']]).toEqual([405, 'POST']);
      expect(older.json['error_description']).toContain('POST');
    });
  });

  it('EX-06 takes a signed assertion once, for the issuer or the token endpoint', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const client = await createClient(installation, {
      token_endpoint_auth_method: undefined,
      client_authentication_methods: {
        private_key_jwt: { credentials: [{ name: 'flow', credential_type: 'public_key', pem, alg: 'RS256' }] },
      },
    });
    const assertion = async (audience: string) => ({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new SignJWT({})
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(client.id)
        .setSubject(client.id)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('120s')
        .sign(privateKey),
    });
    const issuer = `${installation.url}/`;
    await enable(installation, scene.connection.id, [client]);
    const { refreshToken } = await login(installation, client, scene.person, {
      authentication: () => assertion(issuer),
    });
    const asked = async (shown: Record<string, string>) =>
      (await installation.token({ ...vaultForm(scene.connection.name, refreshToken), ...shown })).status;
    const first = await assertion(issuer);
    expect(await asked(first)).toBe(200);
    expect(await asked(first)).toBe(401);
    expect(await asked(await assertion(`${installation.url}/oauth/token`))).toBe(200);
  });

  it.each([
    { scopeShape: 'comma', tokenType: 'bot', expiresIn: 'string' },
    { scopeShape: 'array', tokenType: 'bearer', expiresIn: 'number' },
    { scopeShape: 'absent', tokenType: null, expiresIn: 'absent' },
  ])('EX-08, EX-14 and EX-16 says the same of a token that a provider describes by %j', async (provider) => {
    const { client, person, tokens } = scene;
    const connection = await createConnection(installation, { clients: [client], provider });
    await connect(installation, { client, connection, person, token: scene.myAccount });
    const answer = await exchange(installation, client, connection, tokens.refreshToken);
    expect(answer.json).toMatchObject({ scope: 'read write', token_type: 'Bearer' });
    expect(answer.json['expires_in']).toEqual(expect.any(Number));
    expect(answer.json['expires_in']).toBeGreaterThan(0);
  });

  it('EX-09 and AD-04 hands out the stored token with the seconds that are left, if they are as many as wanted', async () => {
    const first = await scene.exchange();
    await untilDue();
    const second = await scene.exchange();
    expect(second.json['access_token']).toBe(first.json['access_token']);
    expect(second.json['expires_in']).toBeLessThan(Number(first.json['expires_in']));
    const longer = await scene.exchange(DUE);
    expect(longer.json['access_token']).not.toBe(first.json['access_token']);
    expect(longer.json['expires_in']).toBeGreaterThanOrEqual(300);
    expect(await scene.provider.refreshes()).toBe(1);
    expect((await scene.exchange({ min_ttl: '601' })).json['error']).toBe('invalid_request');
  });

  it('EX-10 refreshes an expired token once and then hands out the stored one', async () => {
    const { client, person, tokens } = scene;
    const connection = await createConnection(installation, { clients: [client], provider: SHORT });
    await connect(installation, { client, connection, person, token: scene.myAccount });
    await connection.provider.change(LONG);
    await untilOver();
    const answers = [];
    for (let i = 0; i < 2; i++) answers.push(await exchange(installation, client, connection, tokens.refreshToken));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1]!.json['access_token']).toBe(answers[0]!.json['access_token']);
    expect(await connection.provider.owner(String(answers[1]!.json['access_token']))).toBe('person-1');
    expect(await connection.provider.refreshes()).toBe(1);
  });

  it('EX-11 uses the new refresh token after the provider replaced the old one', async () => {
    const { client, person, tokens } = scene;
    const refresh = { rotate: 'always', reuse: 'killGrant' };
    const provider = { ...SHORT, accessTokenSeconds: LIFE_SECONDS, refresh };
    const connection = await createConnection(installation, { clients: [client], provider });
    await connect(installation, { client, connection, person, token: scene.myAccount });
    await connection.provider.change(LONG);
    await untilOver();
    const second = await exchange(installation, client, connection, tokens.refreshToken);
    await untilDue();
    const third = await exchange(installation, client, connection, tokens.refreshToken, DUE);
    expect([second.status, third.status]).toEqual([200, 200]);
    expect(third.json['access_token']).not.toBe(second.json['access_token']);
    const state = await connection.provider.state();
    expect(state).toMatchObject({ presentationsOfReplaced: 0, liveGrants: 1, committed: { refresh_token: 2 } });
  });

  it('EX-12 serves twenty callers at once with one call to a rotating provider', async () => {
    const { client, person, tokens } = scene;
    const provider = { ...SHORT, refresh: { rotate: 'always', reuse: 'killGrant' } };
    const connection = await createConnection(installation, { clients: [client], provider });
    await connect(installation, { client, connection, person, token: scene.myAccount });
    await connection.provider.change(LONG);
    await untilOver();
    const call = () => patiently(() => exchange(installation, client, connection, tokens.refreshToken));
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ json }) => json['access_token'])).size).toBe(1);
    expect(await connection.provider.refreshes()).toBe(1);
  });

  it('EX-13 leaves the subject token usable and gives no refresh and no ID token', async () => {
    const answer = await scene.exchange();
    expect(answer.json).not.toHaveProperty('refresh_token');
    expect(answer.json).not.toHaveProperty('id_token');
    const refreshed = await installation.token({
      grant_type: 'refresh_token',
      refresh_token: scene.tokens.refreshToken,
      ...posted(),
    });
    expect(refreshed.status).toBe(200);
    expect((await scene.exchange()).status).toBe(200);
  });

  it('SE-01 SE-02 SE-03 SE-04 and SE-07 leaves the choice of an account to the caller', async () => {
    const own = await scene.another();
    const first = await own.connect('person-3');
    expect(await own.provider.owner(String((await own.exchange()).json['access_token']))).toBe('person-3');
    const second = await own.connect('person-4');
    const ambiguous = await own.exchange();
    expect([ambiguous.status, ambiguous.json['error']]).toEqual([400, 'invalid_request']);
    expect(ambiguous.json['error_description']).toContain('login_hint');
    const details = ambiguous.json['error_details'] as {
      reason: string;
      accounts: { id: string; login_hint: string }[];
    };
    expect(details.reason).toBe('account_ambiguous');
    expect(details.accounts.map(({ id, login_hint }) => [id, login_hint]).sort()).toEqual(
      [
        [first.id, 'person-3'],
        [second.id, 'person-4'],
      ].sort(),
    );
    for (const login_hint of ['person-4', 'PERSON-4@people.example', second.id]) {
      const chosen = await own.exchange({ login_hint });
      expect(await own.provider.owner(String(chosen.json['access_token']))).toBe('person-4');
    }
    const nobody = await own.exchange({ login_hint: 'nobody' });
    expect([nobody.status, nobody.json['error']]).toEqual([401, 'user_not_found']);
    expect(nobody.json['description']).toBe(nobody.json['error_description']);
  });

  it('SE-06 says the same whether or not somebody else has connected', async () => {
    const stranger = await scene.another();
    const unused = await createConnection(installation, { clients: [scene.client] });
    const toUsed = await stranger.exchange();
    const toUnused = await exchange(installation, scene.client, unused, stranger.tokens.refreshToken);
    expect([toUsed.status, toUsed.json['error']]).toEqual([401, 'federated_connection_refresh_token_not_found']);
    expect(toUnused.status).toBe(toUsed.status);
    expect(toUnused.text.replaceAll(unused.name, 'name')).toBe(toUsed.text.replaceAll(scene.connection.name, 'name'));
  });

  it('finds the account of the person alone, whoever else has one on the connection', async () => {
    const other = await scene.another();
    await other.connect('person-2');
    expect(await scene.provider.owner(String((await other.exchange()).json['access_token']))).toBe('person-2');
    expect(await scene.provider.owner(String((await scene.exchange()).json['access_token']))).toBe('person-1');
  });
});

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import {
  ACCESS_TOKEN,
  createApi,
  createClient,
  createConnection,
  createPerson,
  connect,
  enable,
  eventually,
  exchange,
  Installation,
  login,
  myAccountToken,
  REQUESTED,
  Scene,
  vaultForm,
} from './driver/index.js';

/** Lifetime after which a stored token is surely over, and how long to wait for that. */
const SHORT = { accessTokenSeconds: 1 };
const untilOver = () => sleep(1200);
const LONG = { accessTokenSeconds: 3600 };

describe('the exchange', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation);
    await scene.connect();
  });
  afterAll(() => installation.close());

  const form = () => vaultForm(scene.connection.name, scene.tokens.refreshToken);
  const posted = () => ({ client_id: scene.client.id, client_secret: scene.client.secret });

  it('EX-01 answers a form with the five members of a success', async () => {
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
    expect(answer.json['expires_in']).toBeLessThanOrEqual(3600);
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

  it('EX-04 knows the client by HTTP Basic', async () => {
    const { id, secret } = scene.client;
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    expect((await installation.token(form(), { authorization })).status).toBe(200);
  });

  describe('with an API of the application', () => {
    let api: Awaited<ReturnType<typeof createApi>>;
    let accessToken: string;
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

    it("EX-07 takes an access token from its API's own client", async () => {
      const answer = await exchange(installation, api.client, scene.connection, accessToken, {
        subject_token_type: ACCESS_TOKEN,
      });
      expect(answer.status).toBe(200);
      expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
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

  it.each(['comma', 'array', 'absent'])(
    'EX-08 says the scope with spaces where the provider says it with %s',
    async (shape) => {
      const { client, person, tokens } = scene;
      const provider = { scopeShape: shape };
      const connection = await createConnection(installation, { clients: [client], provider });
      await connect(installation, { client, connection, person, token: scene.myAccount });
      const answer = await exchange(installation, client, connection, tokens.refreshToken);
      expect(answer.json).toMatchObject({ scope: 'read write' });
    },
  );

  it('EX-09 hands out the stored token with the seconds that are left', async () => {
    const first = await scene.exchange();
    await sleep(1100);
    const second = await scene.exchange();
    expect(second.json['access_token']).toBe(first.json['access_token']);
    expect(second.json['expires_in']).toBeLessThan(Number(first.json['expires_in']));
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
    const provider = { ...SHORT, refresh: { rotate: 'always', reuse: 'killGrant' } };
    const connection = await createConnection(installation, { clients: [client], provider });
    await connect(installation, { client, connection, person, token: scene.myAccount });
    await untilOver();
    const second = await exchange(installation, client, connection, tokens.refreshToken);
    await untilOver();
    const third = await exchange(installation, client, connection, tokens.refreshToken);
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
    const calls = Array.from({ length: 20 }, () => exchange(installation, client, connection, tokens.refreshToken));
    const answers = await Promise.all(calls);
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

describe('refusals of the exchange', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation);
    await scene.connect();
  });
  afterAll(() => installation.close());

  /** Error, and that the libraries can read it. */
  const refusal = (answer: Awaited<ReturnType<typeof exchange>>) => {
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['cache-control']).toContain('no-store');
    return [answer.status, answer.json['error']];
  };

  it('RE-01 says that nothing is connected, in the words that libraries know', async () => {
    const stranger = await scene.another();
    const answer = await stranger.exchange();
    expect(refusal(answer)).toEqual([401, 'federated_connection_refresh_token_not_found']);
    expect(answer.json['error_description']).toBe('Federated connection Refresh Token not found.');
  });

  it('RE-06 names the switch when the vault is off, and serves again when it is on', async () => {
    const own = await Scene.create(installation);
    await own.connect();
    expect((await own.exchange()).status).toBe(200);
    const path = `/connections/${own.connection.id}`;
    await installation.manage('PATCH', path, { connected_accounts: { active: false } });
    const off = await eventually(
      () => own.exchange(),
      ({ status }) => status !== 200,
    );
    expect(refusal(off)).toEqual([400, 'invalid_request']);
    expect(off.json['error_description']).toContain('Token Vault is not enabled for the provided connection');
    await installation.manage('PATCH', path, { connected_accounts: { active: true } });
    const on = await eventually(
      () => own.exchange(),
      ({ status }) => status === 200,
    );
    expect(on.status).toBe(200);
  });

  it('RE-07 does not tell an unknown connection from one that is not enabled', async () => {
    const elsewhere = await createConnection(installation, { clients: [] });
    const notEnabled = await exchange(installation, scene.client, elsewhere, scene.tokens.refreshToken);
    const unknown = await exchange(installation, scene.client, { name: 'nothing-here' }, scene.tokens.refreshToken);
    expect(refusal(notEnabled)).toEqual([400, 'invalid_request']);
    expect(unknown.text).toBe(notEnabled.text);
    expect(unknown.status).toBe(notEnabled.status);
  });

  it('RE-07 refuses soon once the connection is disabled for the client', async () => {
    const own = await Scene.create(installation);
    await own.connect();
    expect((await own.exchange()).status).toBe(200);
    await enable(installation, own.connection.id, [own.client], false);
    const off = await eventually(
      () => own.exchange(),
      ({ status }) => status !== 200,
    );
    expect(refusal(off)).toEqual([400, 'invalid_request']);
    await enable(installation, own.connection.id, [own.client]);
    const on = await eventually(
      () => own.exchange(),
      ({ status }) => status === 200,
    );
    expect(on.status).toBe(200);
  });

  it('RE-08 needs the grant type at the client', async () => {
    const client = await createClient(installation, { grant_types: ['authorization_code', 'refresh_token'] });
    await enable(installation, scene.connection.id, [client]);
    const { refreshToken } = await login(installation, client, scene.person);
    const answer = await exchange(installation, client, scene.connection, refreshToken);
    expect(refusal(answer)).toEqual([403, 'unauthorized_client']);
  });

  const rotating = { rotation_type: 'rotating', expiration_type: 'expiring' };
  it.each([
    ['public', { token_endpoint_auth_method: 'none' }, 401, 'invalid_client', /Client authentication failed/],
    ['third party', { is_first_party: false }, 403, 'unauthorized_client', /first.party/i],
    ['not OIDC conformant', { oidc_conformant: false }, 403, 'unauthorized_client', /oidc.conformant/i],
    ['rotating its refresh tokens', { refresh_token: rotating }, 403, 'unauthorized_client', /rotat/i],
  ])('RE-09 refuses a client that is %s and names the cause', async (_, change, status, error, words) => {
    // What is refused is settings at the time of the exchange: the login happens before they change.
    const client = await createClient(installation);
    await enable(installation, scene.connection.id, [client]);
    const { refreshToken } = await login(installation, client, scene.person);
    expect((await exchange(installation, client, scene.connection, refreshToken)).status).toBe(200);
    await installation.manage('PATCH', `/clients/${client.id}`, change);
    const asked = () => exchange(installation, client, scene.connection, refreshToken);
    const answer = await eventually(asked, (now) => now.status !== 200);
    expect(refusal(answer)).toEqual([status, error]);
    expect(answer.json['error_description']).toMatch(words);
  });

  it('RE-10 refuses a wrong secret', async () => {
    const answer = await scene.exchange({ client_secret: `${scene.client.secret}x` });
    expect(refusal(answer)).toEqual([401, 'invalid_client']);
  });

  it.each(['connection', 'subject_token'])('RE-11 names the missing %s', async (missing) => {
    const answer = await scene.exchange({ [missing]: '' });
    expect(refusal(answer)).toEqual([400, 'invalid_request']);
    expect(answer.json['error_description']).toContain(missing);
  });

  it('refuses the refresh token of another client, which still works for its owner', async () => {
    const thief = await createClient(installation);
    await enable(installation, scene.connection.id, [thief]);
    const answer = await exchange(installation, thief, scene.connection, scene.tokens.refreshToken);
    expect(refusal(answer)).toEqual([403, 'invalid_grant']);
    expect((await scene.exchange()).status).toBe(200);
  });

  it('refuses a My Account token and an ID token as subject', async () => {
    const api = await createApi(installation);
    await enable(installation, scene.connection.id, [api.client]);
    const person = await createPerson(installation);
    const tokens = await login(installation, scene.client, person, { audience: api.audience });
    const mine = await myAccountToken(installation, scene.client, tokens.refreshToken);
    for (const subject of [mine, tokens.idToken]) {
      const answer = await exchange(installation, api.client, scene.connection, subject, {
        subject_token_type: ACCESS_TOKEN,
      });
      expect(refusal(answer)[0]).toBeGreaterThanOrEqual(400);
    }
  });
});

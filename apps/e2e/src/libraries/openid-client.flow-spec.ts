import { createHash } from 'node:crypto';
import * as oidc from 'openid-client';
import {
  type Client,
  createApi,
  createClient,
  Installation,
  type Json,
  MY_ACCOUNT_SCOPE,
  passOwnPages,
  Scene,
  trust,
  VAULT_GRANT,
} from '../driver/index.js';
import { arrive } from './sign-in.js';
import { overHttps } from './where.js';

const GOODBYE = 'https://app.example/goodbye';

overHttps('openid-client as a strict relying party', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  let client: Client;
  let config: oidc.Configuration;
  beforeAll(async () => {
    trust(installation);
    scene = await Scene.create(installation, {
      client: {
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT],
        allowed_logout_urls: [GOODBYE],
      },
    });
    client = scene.client;
    config = await discover(client);
  });
  afterAll(() => installation.close());

  /** Signatures of ID tokens are checked too, although they come over TLS. */
  async function discover({ id, secret }: Client, authentication?: oidc.ClientAuth): Promise<oidc.Configuration> {
    const found = await oidc.discovery(
      new URL(`${installation.url}/`),
      id,
      { client_secret: secret, use_mtls_endpoint_aliases: false },
      authentication ?? oidc.ClientSecretPost(secret),
    );
    oidc.enableNonRepudiationChecks(found);
    return found;
  }

  interface Wish {
    parameters?: Record<string, string>;
    checks?: oidc.AuthorizationCodeGrantChecks;
    pushed?: boolean;
    dpop?: oidc.DPoPHandle;
  }
  /** Authorization code with PKCE, state and nonce, each of which the library compares. */
  async function logIn(using: oidc.Configuration, { parameters = {}, checks = {}, pushed, dpop }: Wish = {}) {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const expected = { expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
    const asked = {
      redirect_uri: client.callback,
      scope: 'openid profile email offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expected.expectedState,
      nonce: expected.expectedNonce,
      ...parameters,
    };
    const options = dpop ? { DPoP: dpop } : {};
    const url = pushed
      ? await oidc.buildAuthorizationUrlWithPAR(using, asked, options)
      : oidc.buildAuthorizationUrl(using, asked);
    const back = await arrive(scene.person, url);
    expect(back.searchParams.get('iss')).toBe(`${installation.url}/`);
    const all = { pkceCodeVerifier, ...expected, idTokenExpected: true, ...checks };
    return oidc.authorizationCodeGrant(using, back, all, undefined, options);
  }

  it('GR-05 discovers us, logs in and checks every claim and the signature', async () => {
    const server = config.serverMetadata();
    expect(server).toMatchObject({
      issuer: `${installation.url}/`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    });
    const addresses = Object.values(server).filter((value) => typeof value === 'string' && value.startsWith('http'));
    for (const address of addresses as string[]) expect(new URL(address).origin).toBe(installation.url);
    const tokens = await logIn(config);
    expect(tokens.claims()).toMatchObject({ iss: `${installation.url}/`, aud: client.id, sub: scene.person.userId });
    const about = await oidc.fetchUserInfo(config, tokens.access_token, scene.person.userId);
    expect(about).toMatchObject({ email: scene.person.email, email_verified: true });
  });

  it('GR-05 follows a rotation of the keys, and old signatures still find their key', async () => {
    const kidOf = (token: string) => (JSON.parse(part(token, 0)) as Json)['kid'];
    const old = kidOf((await logIn(config)).id_token!);
    const rotated = await installation.management('POST', '/keys/signing/rotate');
    expect(rotated.status).toBe(201);
    const now = kidOf((await logIn(config)).id_token!);
    const { json } = await installation.http.send(`${installation.url}/.well-known/jwks.json`);
    const listed = (json['keys'] as Json[]).map(({ kid }) => kid);
    expect(listed).toEqual(expect.arrayContaining([old, now, rotated.json['kid']]));
  });

  it('GR-09 pushes the request; the address works once and for this client alone', async () => {
    const tokens = await logIn(config, { pushed: true });
    expect(tokens.refresh_token).toBeDefined();
    const url = await oidc.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: client.callback,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const other = await createClient(installation);
    const stolen = new URL(url);
    stolen.searchParams.set('client_id', other.id);
    const shown = await scene.person.browser.visit(stolen.href);
    expect(shown.url.searchParams.has('code')).toBe(false);
    expect((await arrive(scene.person, url)).searchParams.has('code')).toBe(true);
    const again = await passOwnPages(scene.person.browser, await scene.person.browser.visit(url.href), scene.person);
    expect(again.url.searchParams.has('code')).toBe(false);
  });

  it('binds what it gets to its key, and nobody else can use it', async () => {
    const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    const tokens = await logIn(config, { pushed: true, dpop });
    expect(tokens.token_type).toBe('dpop');
    const about = await oidc.fetchUserInfo(config, tokens.access_token, scene.person.userId, { DPoP: dpop });
    expect(about.sub).toBe(scene.person.userId);
    await expect(oidc.fetchUserInfo(config, tokens.access_token, scene.person.userId)).rejects.toThrow();

    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token!, undefined, { DPoP: dpop });
    expect(refreshed.token_type).toBe('dpop');
    const other = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    for (const options of [undefined, { DPoP: other }])
      await expect(oidc.refreshTokenGrant(config, tokens.refresh_token!, undefined, options)).rejects.toMatchObject({
        error: 'invalid_dpop_proof',
        status: 400,
      });

    const mine = await oidc.refreshTokenGrant(
      config,
      tokens.refresh_token!,
      { audience: installation.myAccountAudience, scope: MY_ACCOUNT_SCOPE },
      { DPoP: dpop },
    );
    expect(JSON.parse(part(mine.access_token, 1))).toHaveProperty('cnf.jkt');
    const accounts = new URL(`${installation.url}/me/v1/connected-accounts/accounts`);
    const headers = new Headers();
    const answer = await oidc.fetchProtectedResource(config, mine.access_token, accounts, 'GET', null, headers, {
      DPoP: dpop,
    });
    expect(answer.status).toBe(200);
    expect((await installation.me(mine.access_token, 'GET', '/accounts')).status).toBe(401);
  });

  it('EX-19 exchanges a bound refresh token with a proof of its key that nobody has seen, and with nothing else', async () => {
    await scene.connect();
    const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    const { refresh_token } = await logIn(config, { dpop });
    const wanted = {
      subject_token: refresh_token!,
      subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
      connection: scene.connection.name,
    };
    const token = await oidc.genericGrantRequest(config, VAULT_GRANT, wanted, { DPoP: dpop });
    expect(token.token_type).toBe('bearer');
    expect(await scene.provider.owner(token.access_token)).toBe('person-1');
    const other = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    for (const options of [undefined, { DPoP: other }])
      await expect(oidc.genericGrantRequest(config, VAULT_GRANT, wanted, options)).rejects.toMatchObject({
        error: 'invalid_dpop_proof',
        status: 400,
      });

    let sent = { headers: {} as Record<string, string>, body: '' };
    const watched = await discover(client);
    watched[oidc.customFetch] = async (url, { method, headers, body, redirect }) => {
      sent = { headers, body: await new Response(body).text() };
      return fetch(url, { method, headers, body: sent.body, redirect });
    };
    await oidc.genericGrantRequest(watched, VAULT_GRANT, wanted, { DPoP: dpop });
    const again = await installation.http.send(`${installation.url}/oauth/token`, { method: 'POST', ...sent });
    expect([again.status, again.json['error']]).toEqual([400, 'invalid_dpop_proof']);
  });

  it('refreshes for another audience, revokes, and is refused then', async () => {
    const tokens = await logIn(config);
    const mine = await oidc.refreshTokenGrant(config, tokens.refresh_token!, {
      audience: installation.myAccountAudience,
      scope: MY_ACCOUNT_SCOPE,
    });
    expect(mine.scope?.split(' ').sort()).toEqual(MY_ACCOUNT_SCOPE.split(' ').sort());
    await oidc.tokenRevocation(config, tokens.refresh_token!);
    await expect(oidc.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 403,
    });
  });

  it('authenticates by post, by Basic and with a key, for a token of its own', async () => {
    const { audience } = await createApi(installation);
    const grant = ({ id }: Client) =>
      installation.manage('POST', '/client-grants', { client_id: id, audience, scope: [] });
    await grant(client);
    for (const method of [oidc.ClientSecretPost, oidc.ClientSecretBasic]) {
      const token = await oidc.clientCredentialsGrant(await discover(client, method(client.secret)), { audience });
      expect(token).toMatchObject({ token_type: 'bearer', expires_in: 86_400 });
    }
    const keys = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
      true,
      ['sign', 'verify'],
    );
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey)).toString('base64');
    const pem = `-----BEGIN PUBLIC KEY-----\n${spki.replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
    const signing = await createClient(installation, {
      token_endpoint_auth_method: undefined,
      client_authentication_methods: {
        private_key_jwt: { credentials: [{ credential_type: 'public_key', pem, alg: 'RS256' }] },
      },
      grant_types: ['client_credentials'],
    });
    await grant(signing);
    const byKey = await discover(signing, oidc.PrivateKeyJwt(keys.privateKey));
    expect((await oidc.clientCredentialsGrant(byKey, { audience })).token_type).toBe('bearer');
  });

  it('takes the answer as a form, and asks for a login that is not older than it wants', async () => {
    const verifier = oidc.randomPKCECodeVerifier();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: client.callback,
      scope: 'openid',
      response_mode: 'form_post',
      max_age: '0',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const asked = await scene.person.browser.visit(url.href);
    expect(asked.page?.asksForPassword).toBe(true);
    const { page } = await passOwnPages(scene.person.browser, asked, scene.person);
    expect(page?.action).toBe(client.callback);
    const body = new URLSearchParams(page!.filled({}));
    const posted = new Request(page!.action, { method: 'POST', body });
    const tokens = await oidc.authorizationCodeGrant(config, posted, { pkceCodeVerifier: verifier, maxAge: 60 });
    expect(tokens.claims()?.auth_time).toEqual(expect.any(Number));
  });

  it('ends the session and comes back to the address that is registered', async () => {
    const end = async (post_logout_redirect_uri: string) => {
      const { id_token } = await logIn(config);
      const asked = { id_token_hint: id_token!, post_logout_redirect_uri, state: 'and+back' };
      return scene.person.browser.visit(oidc.buildEndSessionUrl(config, asked).href);
    };
    expect((await end('https://evil.example/')).url.origin).toBe(installation.url);
    expect((await end(GOODBYE)).url.href).toBe(`${GOODBYE}?state=and%2Bback`);
    const silent = oidc.buildAuthorizationUrl(config, {
      redirect_uri: client.callback,
      scope: 'openid',
      prompt: 'none',
      code_challenge: createHash('sha256').update('nobody').digest('base64url'),
      code_challenge_method: 'S256',
    });
    const back = await scene.person.browser.visit(silent.href);
    expect(back.url.searchParams.get('error')).toBe('login_required');
  });
});

const part = (token: string, index: number): string => Buffer.from(token.split('.')[index]!, 'base64url').toString();

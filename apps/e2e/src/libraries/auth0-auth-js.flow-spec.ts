import { generateKeyPairSync } from 'node:crypto';
import { AuthClient } from '@auth0/auth0-auth-js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { discoveryRequest, processDiscoveryResponse } from 'oauth4webapi';
import {
  ACCESS_TOKEN,
  createApi,
  enable,
  Installation,
  login,
  MY_ACCOUNT_SCOPE,
  Scene,
  trust,
  VAULT_GRANT,
  type Client,
} from '../driver/index.js';
import { arrive } from './sign-in.js';
import { run } from './snippets.js';
import { overHttps } from './where.js';

const GOODBYE = 'https://app.example/goodbye';

overHttps('@auth0/auth0-auth-js pointed at us', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    trust(installation);
    scene = await Scene.create(installation, {
      client: {
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT],
        allowed_logout_urls: [GOODBYE],
      },
    });
  });
  afterAll(() => installation.close());

  const library = ({ id, secret, callback }: Client) =>
    new AuthClient({
      domain: installation.domain,
      clientId: id,
      clientSecret: secret,
      authorizationParams: { redirect_uri: callback, scope: 'openid profile email offline_access' },
    });

  /** Log in for real with the address that the library builds. */
  const logIn = async (client: AuthClient, audience?: string, pushedAuthorizationRequests = false) => {
    const { authorizationUrl, codeVerifier } = await client.buildAuthorizationUrl({
      pushedAuthorizationRequests,
      authorizationParams: audience ? { audience } : {},
    });
    const sent = pushedAuthorizationRequests ? 'request_uri' : 'code_challenge';
    expect(authorizationUrl.searchParams.has(sent)).toBe(true);
    return client.getTokenByCode(await arrive(scene.person, authorizationUrl), { codeVerifier });
  };

  it('LI-04 logs in, exchanges a refresh token and an access token, and reads why nothing is connected', async () => {
    const client = library(scene.client);
    const tokens = await logIn(client);
    expect(tokens.claims?.['sub']).toBe(scene.person.userId);
    const { refreshToken } = tokens;
    if (!refreshToken) throw new Error('The login gave no refresh token.');

    const nothing = client.getTokenForConnection({ connection: scene.connection.name, refreshToken });
    await expect(nothing).rejects.toMatchObject({
      cause: { error: 'federated_connection_refresh_token_not_found' },
    });

    await scene.connect();
    const token = await client.getTokenForConnection({ connection: scene.connection.name, refreshToken });
    expect(await scene.provider.owner(token.accessToken)).toBe('person-1');
    expect(token.scope).toBe('read write');
    expect(token.expiresAt).toBeGreaterThan(Date.now() / 1000);

    const api = await createApi(installation);
    await enable(installation, scene.connection.id, [api.client]);
    const forApi = await logIn(client, api.audience);
    const exchanged = await library(api.client).exchangeToken({
      connection: scene.connection.name,
      subjectToken: forApi.accessToken,
    });
    expect(exchanged.accessToken).toBe(token.accessToken);
  });

  it('LI-04 calls the My Account API with a token of one refresh token for several audiences', async () => {
    const other = await scene.another();
    scene = other;
    const client = library(other.client);
    const { refreshToken } = await logIn(client);
    const mine = await client.getTokenByRefreshToken({
      refreshToken: refreshToken!,
      audience: installation.myAccountAudience,
      scope: MY_ACCOUNT_SCOPE,
    });
    expect(mine.scope?.split(' ').sort()).toEqual(MY_ACCOUNT_SCOPE.split(' ').sort());

    const flow = other.flow();
    flow.wish.token = mine.accessToken;
    expect((await flow.begin()).status).toBe(201);
    await flow.throughBrowser('person-4');
    const completed = await flow.complete();
    expect(completed.status).toBe(201);
    const id = String(completed.json['id']);
    const listed = await installation.me(mine.accessToken, 'GET', '/accounts');
    expect(listed.json['accounts']).toMatchObject([{ id, connection: other.connection.name }]);
    expect((await installation.me(mine.accessToken, 'DELETE', `/accounts/${id}`)).status).toBe(204);
    const gone = client.getTokenForConnection({ connection: other.connection.name, refreshToken: refreshToken! });
    await expect(gone).rejects.toMatchObject({ cause: { error: 'federated_connection_refresh_token_not_found' } });
  });

  it('LI-04 pushes its request, reads who signed in, revokes, and ends the session', async () => {
    const client = library(scene.client);
    const { accessToken, idToken, refreshToken } = await logIn(client, undefined, true);
    expect(idToken).toBeDefined();
    const about = await client.getUserInfo({ accessToken, expectedSubject: scene.person.userId });
    expect(about.email).toBe(scene.person.email);

    await client.revokeToken({ token: refreshToken! });
    const refresh = client.getTokenByRefreshToken({ refreshToken: refreshToken! });
    await expect(refresh).rejects.toMatchObject({ cause: { error: 'invalid_grant' } });

    const goodbye = await client.buildLogoutUrl({ returnTo: GOODBYE });
    expect((await scene.person.browser.visit(goodbye.href)).url.href).toBe(GOODBYE);
    const { authorizationUrl } = await client.buildAuthorizationUrl();
    expect((await scene.person.browser.visit(authorizationUrl.href)).page?.asksForPassword).toBe(true);
  });

  it('LI-04 gets a token of its own, and none that nobody granted', async () => {
    const client = library(scene.client);
    const { audience } = await createApi(installation);
    const refused = client.getTokenByClientCredentials({ audience });
    await expect(refused).rejects.toMatchObject({ cause: { error: 'access_denied' } });
    await installation.manage('POST', '/client-grants', { client_id: scene.client.id, audience, scope: [] });
    const token = await client.getTokenByClientCredentials({ audience });
    expect(token.expiresAt).toBeGreaterThan(Date.now() / 1000);
  });

  it('LI-10 an API verifies and exchanges what it is sent, as @auth0/auth0-api-js does, and reads why not', async () => {
    const [mine, stranger] = [await scene.another(), await scene.another()];
    await mine.connect('person-7');
    const api = await createApi(installation);
    await enable(installation, mine.connection.id, [api.client]);
    const sent = async ({ client, person }: Scene, audience = api.audience) =>
      (await login(installation, client, person, { audience })).accessToken;
    const accessToken = await sent(mine);
    const issuer = new URL(`https://${installation.domain}/`);
    const server = await processDiscoveryResponse(issuer, await discoveryRequest(issuer));
    const { payload } = await jwtVerify(accessToken, createRemoteJWKSet(new URL(server.jwks_uri!)), {
      issuer: server.issuer,
      audience: api.audience,
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'exp'],
    });
    expect(payload.sub).toBe(mine.person.userId);

    const exchange = (token: string) =>
      run(installation, 'api.mjs', {
        AUTH0_CLIENT_ID: api.client.id,
        AUTH0_CLIENT_SECRET: api.client.secret,
        CONNECTION: mine.connection.name,
        ACCESS_TOKEN: token,
        PROVIDER_API: `${mine.provider.url}/userinfo`,
      });
    const answers = [
      exchange(accessToken),
      exchange(await sent(stranger)),
      exchange(await sent(mine, (await createApi(installation)).audience)),
      exchange(mine.tokens.idToken),
    ];
    const why = (error: string) => ({
      code: 'token_exchange_error',
      error,
      description: expect.any(String) as string,
    });
    expect(await Promise.all(answers)).toEqual([
      expect.objectContaining({ sub: 'person-7' }),
      why('federated_connection_refresh_token_not_found'),
      why('unauthorized_client'),
      why('invalid_grant'),
    ]);
  });

  it('LI-10 sends what is recorded of @auth0/auth0-api-js', async () => {
    const sent: [string, string][] = [];
    const watched: typeof fetch = (url, init) => {
      if (init?.method === 'POST') sent.push(...new URLSearchParams(String(init.body as URLSearchParams)));
      return fetch(url, init);
    };
    const client = new AuthClient({
      ...{ domain: installation.domain, clientId: scene.client.id, clientSecret: scene.client.secret },
      customFetch: watched,
    });
    const asked = client.getTokenForConnection({
      connection: 'c',
      accessToken: 'cnry_at',
      loginHint: 'me@example.com',
    });
    await expect(asked).rejects.toMatchObject({ code: 'token_for_connection_error' });
    expect(sent.map(([name]) => name)).toEqual([
      ...['connection', 'subject_token', 'subject_token_type', 'requested_token_type', 'login_hint'],
      ...['grant_type', 'client_id', 'client_secret'],
    ]);
    expect(Object.fromEntries(sent)).toMatchObject({ subject_token_type: ACCESS_TOKEN, grant_type: VAULT_GRANT });
  });

  it('LI-10 exchanges under a key of the API, and says that tokens for other APIs are not to be had', async () => {
    const mine = await scene.another();
    await mine.connect('person-8');
    const api = await createApi(installation);
    await enable(installation, mine.connection.id, [api.client]);
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    await installation.manage('PATCH', `/clients/${api.client.id}`, {
      token_endpoint_auth_method: null,
      client_authentication_methods: {
        private_key_jwt: { credentials: [{ credential_type: 'public_key', pem, alg: 'RS256' }] },
      },
    });
    const client = new AuthClient({
      ...{ domain: installation.domain, clientId: api.client.id, clientAssertionSigningAlg: 'RS256' },
      clientAssertionSigningKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    });
    const { accessToken } = await login(installation, mine.client, mine.person, { audience: api.audience });
    const token = await client.getTokenForConnection({ connection: mine.connection.name, accessToken });
    expect(await mine.provider.owner(token.accessToken)).toBe('person-8');

    // Its custom exchanges and those on behalf of a person: a profile, an organisation, another API.
    const wanted = { audience: 'https://backend.example/', subjectToken: accessToken, scope: 'read' };
    const asked = [
      client.exchangeToken({ ...wanted, subjectTokenType: ACCESS_TOKEN, requestedTokenType: ACCESS_TOKEN }),
      client.exchangeToken({ ...wanted, subjectTokenType: 'urn:example:custom-token' }),
      client.exchangeToken({ ...wanted, subjectTokenType: ACCESS_TOKEN, organization: 'org_abc123' }),
    ];
    const errors = (await Promise.allSettled(asked)).map((one) => one.status === 'rejected' && one.reason.cause.error);
    expect(errors).toEqual(['invalid_target', 'invalid_request', 'invalid_request']);
  });

  it('LI-04 says that there is no sign-in without a browser', async () => {
    const asked = library(scene.client).backchannelAuthentication({
      bindingMessage: 'a message',
      loginHint: { sub: scene.person.userId },
    });
    await expect(asked).rejects.toThrow(/Client-Initiated Backchannel Authentication|backchannel/i);
  });
});

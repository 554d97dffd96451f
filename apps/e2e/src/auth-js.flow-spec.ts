import { AuthClient } from '@auth0/auth0-auth-js';
import { fetch } from 'undici';
import { createApi, enable, Installation, MY_ACCOUNT_SCOPE, passOwnPages, Scene, type Client } from './driver/index.js';

/** The library says `domain` and insists on HTTPS, so this suite needs an installation that has it. */
const overHttps = process.env['STRONGROOM_TEST_URL']?.startsWith('https:') ? describe : describe.skip;

overHttps('@auth0/auth0-auth-js pointed at us', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation);
  });
  afterAll(() => installation.close());

  const library = ({ id, secret, callback }: Client) =>
    new AuthClient({
      domain: new URL(installation.url).host,
      clientId: id,
      clientSecret: secret,
      authorizationParams: { redirect_uri: callback, scope: 'openid profile email offline_access' },
      customFetch: ((url: string, init: object) =>
        fetch(url, { ...init, dispatcher: installation.http.agent })) as unknown as typeof globalThis.fetch,
    });

  /** Log in for real with the address that the library builds. */
  const logIn = async (client: AuthClient, audience?: string) => {
    const { authorizationUrl, codeVerifier } = await client.buildAuthorizationUrl({
      authorizationParams: audience ? { audience } : {},
    });
    expect(authorizationUrl.searchParams.get('code_challenge_method')).toBe('S256');
    const { browser } = scene.person;
    const end = await passOwnPages(browser, await browser.visit(authorizationUrl.href), scene.person);
    expect(end.page).toBeNull();
    return client.getTokenByCode(end.url, { codeVerifier });
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
});

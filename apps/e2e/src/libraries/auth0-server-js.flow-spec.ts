import { type LogoutTokenClaims, ServerClient, type StateData, type TransactionData } from '@auth0/auth0-server-js';
import { createApi, createClient, Installation, type Json, Scene, trust, VAULT_GRANT } from '../driver/index.js';
import { arrive } from './sign-in.js';
import { overHttps } from './where.js';

/** Where an application keeps a session, here for one person. */
class Kept<Data> {
  private readonly kept = new Map<string, Data>();
  set(identifier: string, data: Data): Promise<void> {
    this.kept.set(identifier, data);
    return Promise.resolve();
  }
  get(identifier: string): Promise<Data | undefined> {
    return Promise.resolve(this.kept.get(identifier));
  }
  delete(identifier: string): Promise<void> {
    this.kept.delete(identifier);
    return Promise.resolve();
  }
  deleteByLogoutToken(_claims: LogoutTokenClaims): Promise<void> {
    return Promise.resolve();
  }
}

overHttps('@auth0/auth0-server-js pointed at us', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  let audience: string;
  beforeAll(async () => {
    trust(installation);
    audience = (await createApi(installation)).audience;
    scene = await Scene.create(installation, {
      client: {
        grant_types: ['authorization_code', 'refresh_token', VAULT_GRANT],
        allowed_logout_urls: ['https://app.example/goodbye'],
        refresh_token: {
          rotation_type: 'non-rotating',
          expiration_type: 'non-expiring',
          policies: [
            { audience, scope: [] },
            { audience: installation.myAccountAudience, scope: MY_ACCOUNT },
          ],
        },
      },
    });
    await scene.connect();
  });
  afterAll(() => installation.close());

  const MY_ACCOUNT = ['create:me:connected_accounts', 'read:me:connected_accounts', 'delete:me:connected_accounts'];

  function library(client = scene.client) {
    const calls: string[] = [];
    const watched: typeof fetch = (url, init) => {
      calls.push(new URL(url instanceof Request ? url.url : url).pathname);
      return fetch(url, init);
    };
    const app = new ServerClient({
      domain: installation.domain,
      clientId: client.id,
      clientSecret: client.secret,
      authorizationParams: { redirect_uri: client.callback, scope: 'openid profile email offline_access' },
      transactionStore: new Kept<TransactionData>(),
      stateStore: new Kept<StateData>(),
      customFetch: watched,
    });
    const exchanges = () => calls.filter((path) => path === '/oauth/token').length;
    return { app, exchanges };
  }

  it('LI-05 logs a person in, serves the second call from its session, and logs out', async () => {
    const { app, exchanges } = library();
    const start = await app.startInteractiveLogin({ appState: { cart: 7 } });
    const done = await app.completeInteractiveLogin(await arrive(scene.person, start));
    expect(done.appState).toEqual({ cart: 7 });
    expect(await app.getUser()).toMatchObject({ sub: scene.person.userId, email: scene.person.email });

    const before = exchanges();
    const first = await app.getAccessTokenForConnection({ connection: scene.connection.name });
    expect(await scene.provider.owner(first.accessToken)).toBe('person-1');
    const second = await app.getAccessTokenForConnection({ connection: scene.connection.name });
    expect(second).toEqual(first);
    expect(exchanges()).toBe(before + 1);

    const goodbye = await app.logout({ returnTo: 'https://app.example/goodbye' });
    const end = await scene.person.browser.visit(goodbye.href);
    expect(end).toMatchObject({ page: null });
    expect(end.url.href).toBe('https://app.example/goodbye');
    expect(await app.getUser()).toBeUndefined();
    const again = await scene.person.browser.visit((await app.startInteractiveLogin()).href);
    expect(again.page?.asksForPassword).toBe(true);
  });

  it('LI-05 gets tokens for several audiences with one login, pushed as well', async () => {
    const { app } = library();
    const start = await app.startInteractiveLogin({ pushedAuthorizationRequests: true });
    expect(start.searchParams.get('request_uri')).toMatch(/^urn:/);
    await app.completeInteractiveLogin(await arrive(scene.person, start));
    const mine = await app.getAccessToken({
      audience: installation.myAccountAudience,
      scope: `openid offline_access ${MY_ACCOUNT.join(' ')}`,
    });
    expect(mine.audience).toBe(installation.myAccountAudience);
    const listed = await installation.me(mine.accessToken, 'GET', '/accounts');
    const [account, ...others] = listed.json['accounts'] as Json[];
    expect([account?.['connection'], others]).toEqual([scene.connection.name, []]);
    const gone = await installation.me(mine.accessToken, 'DELETE', `/accounts/${String(account!['id'])}`);
    expect(gone.status).toBe(204);
    const none = app.getAccessTokenForConnection({ connection: scene.connection.name });
    await expect(none).rejects.toMatchObject({ cause: { error: 'federated_connection_refresh_token_not_found' } });
    const api = await app.getAccessToken({ audience });
    expect(JSON.parse(Buffer.from(api.accessToken.split('.')[1]!, 'base64url').toString())).toMatchObject({
      aud: expect.arrayContaining([audience]) as string[],
    });
    await app.revokeRefreshToken();
    const ended = app.getAccessTokenForConnection({ connection: scene.connection.name });
    await expect(ended).rejects.toMatchObject({ cause: { error: 'invalid_grant' } });
  });

  it('LI-05 says why it has no token of a provider', async () => {
    const other = await createClient(installation);
    const { app } = library(other);
    const start = await app.startInteractiveLogin();
    await app.completeInteractiveLogin(await arrive(scene.person, start));
    const refused = app.getAccessTokenForConnection({ connection: scene.connection.name });
    await expect(refused).rejects.toMatchObject({ cause: { error: 'invalid_request' } });
  });
});

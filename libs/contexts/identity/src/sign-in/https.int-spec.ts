import { testPostgres } from '@strongroom/testing';
import { decodeJwt } from 'jose';
import { type AuthorizationApp, startAuthorization } from '../../test/authorization-app.js';
import { emptyDatabase, masterKeys } from '../../test/registry-app.js';

describe('behind an edge that ends TLS', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  let identity: AuthorizationApp;
  const email = 'someone@example.com';

  beforeAll(async () => {
    postgres = await testPostgres();
    identity = await startAuthorization(await emptyDatabase(postgres.url), masterKeys(), 'https://vault.example.com');
    await identity.person(email);
  });
  afterAll(async () => {
    await identity?.stop();
    await postgres?.stop();
  });

  it('A6 keeps the session in a __Host- cookie that is secure and not for scripts, new at each login', async () => {
    const client = await identity.client();
    const browser = identity.browser();
    const session = () =>
      [...browser.cookies].find(([name]) => name.startsWith('__Host-strongroom_session@'))?.[1].value;
    await identity.authorize(browser, email, client);
    const first = session();
    expect(first).toBeDefined();
    for (const line of browser.received.filter((one) => one.startsWith('__Host-')))
      expect(line.toLowerCase()).toMatch(/; path=\/;.*samesite=none; secure; httponly/);
    await identity.authorize(browser, email, client, { prompt: 'login' });
    expect(session()).not.toBe(first);
    browser.cookies.set('__Host-strongroom_session@/', { value: first!, path: '/' });
    const page = await browser.open(
      `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=https://app.example.com/callback` +
        `&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`,
    );
    expect(page.path).toMatch(/^\/u\/login\//);
  });

  it('GR-16 takes the default audience where none is asked, else a token for /userinfo only', async () => {
    const client = await identity.client();
    await identity.api('things');
    const opaque = await identity.tokens(email, client);
    expect(opaque.access_token).not.toContain('.');
    const userinfo = await identity.get('/userinfo', { authorization: `Bearer ${opaque.access_token}` });
    expect(userinfo.body['email']).toBe(email);
    await identity.manage('PATCH', '/tenants/settings', { default_audience: 'things' });
    const { access_token } = await identity.tokens(email, client, { scope: 'openid read:things' });
    expect(decodeJwt(access_token)).toMatchObject({
      aud: ['things', 'https://vault.example.com/userinfo'],
      scope: 'openid read:things',
    });
  });

  it('GR-14 refuses organisations wherever they are asked for', async () => {
    const client = await identity.client();
    const page = await identity
      .browser()
      .open(
        `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=https://app.example.com/callback` +
          `&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256&organization=org_1`,
      );
    expect(page.left).toContain('error=invalid_request');
    expect(page.left).toContain('organisations');
    const answer = await identity.token({ grant_type: 'client_credentials', ...client, organization: 'org_1' });
    expect([answer.status, answer.body['error_description']]).toEqual([400, 'organisations are not offered']);
  });
});

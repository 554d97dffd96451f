import { decodeJwt } from 'jose';
import { type AuthorizationApp, CALLBACK, PASSWORD, startIdentity } from '../../test/authorization-app.js';
import { masterKeys } from '../../test/registry-app.js';

const EDGE = '10.0.0.7';

describe('behind an edge that ends TLS', () => {
  let identity: AuthorizationApp;
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity(masterKeys(), 'https://vault.example.com', {
      listener: { trustedProxies: [`${EDGE}/32`] },
    });
    await identity.person(email);
  });
  afterAll(() => identity?.stop());

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
    // Signature and all, as a thief would have it.
    const stolen = [...browser.cookies];
    const thief = () => {
      const other = identity.browser();
      for (const [name, cookie] of stolen) other.cookies.set(name, cookie);
      return other.open(
        `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=https://app.example.com/callback` +
          `&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`,
      );
    };
    expect((await thief()).left).toContain('code=');
    await identity.authorize(browser, email, client, { prompt: 'login' });
    expect(session()).not.toBe(first);
    expect((await thief()).path).toMatch(/^\/u\/login\//);
  });

  it('A5 S5 counts guesses at a person, by whatever name, from where the edge says and nobody else', async () => {
    const client = await identity.client();
    const person = { connection: 'Username-Password-Authentication', email: 'two@example.com', username: 'Two-Names' };
    await identity.manage('POST', '/users', {
      connection: person.connection,
      username: person.email,
      password: 'cnry_else',
    });
    const { body } = await identity.manage('POST', '/users', { ...person, password: PASSWORD });
    const login = async (username: string, password: string, from: string, peer = EDGE) => {
      const browser = identity.browser();
      const page = await browser.open(
        `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=${CALLBACK}` +
          `&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`,
      );
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)![1]!;
      const cookie = [...browser.cookies].map(([key, { value }]) => `${key.split('@')[0]}=${value}`).join('; ');
      const headers = { 'content-type': 'application/x-www-form-urlencoded', cookie, 'x-forwarded-for': from };
      const payload = new URLSearchParams({ csrf, username, password }).toString();
      const answer = await identity.app.inject({
        method: 'POST',
        url: page.path,
        remoteAddress: peer,
        headers,
        payload,
      });
      const cookies = [answer.headers['set-cookie'] ?? []].flat().concat(cookie);
      return {
        status: answer.statusCode,
        location: String(answer.headers.location),
        headers: { ...headers, cookie: cookies.join('; ') },
      };
    };
    for (let i = 0; i < 10; i++) {
      const name = i % 2 ? 'two@example.com' : ' TWO-names';
      // Some edges write the port too, which is another with each connection.
      const from = ['203.0.113.9', `203.0.113.9:${4000 + i}`, '::ffff:203.0.113.9', `[::ffff:203.0.113.9]:${i}`][
        i % 4
      ]!;
      expect((await login(name, 'cnry_wrong', from)).status).toBe(401);
    }
    for (const name of ['two@example.com', 'two-names'])
      expect((await login(name, PASSWORD, '198.51.100.7, 203.0.113.9')).status).toBe(429);
    expect((await login('two-names', PASSWORD, '203.0.113.9', '192.0.2.1')).status).toBe(303);
    const owner = await login('Two@example.com ', PASSWORD, '198.51.100.7');
    expect(owner.status).toBe(303);
    const { pathname } = new URL(owner.location);
    await identity.app.inject({ method: 'GET', url: pathname, remoteAddress: EDGE, headers: owner.headers });
    const open = await identity.manage('GET', `/users/${encodeURIComponent(body['user_id'] as string)}/sessions`);
    expect(open.body['sessions']).toMatchObject([{ device: { initial_ip: '198.51.100.7', last_ip: '198.51.100.7' } }]);
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

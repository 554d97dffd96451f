import { decodeJwt } from 'jose';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { type Browser } from '../../test/browser.js';

const BYE = 'https://app.example.com/bye?from=%20us~&plain';
const EMAIL = 'someone@example.com';

describe('sign-out', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let other: { client_id: string; client_secret: string };

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client({ allowed_logout_urls: [BYE, 'com.app:/bye'] });
    other = await identity.client({ allowed_logout_urls: ['https://other.example.com/'] });
    await identity.person(EMAIL);
  });
  afterAll(() => identity?.stop());

  const signIn = async (params: Record<string, string> = {}) => {
    const browser = identity.browser();
    const { body } = await identity.redeem(client, await identity.authorize(browser, EMAIL, client, params));
    const tokens = body as { access_token: string; refresh_token: string; id_token: string };
    return { browser, ...tokens, sid: decodeJwt(tokens.id_token)['sid'] as string };
  };
  const goTo = (browser: Browser, path: string, params: Record<string, string>) =>
    browser.open(`${path}?${new URLSearchParams(params).toString()}`);
  const isOpen = async (sid: string) => (await identity.manage('GET', `/sessions/${sid}`)).status === 200;

  it('ends the session and what was granted online, and goes back to a registered address, with its state', async () => {
    const online = await signIn({ scope: 'openid' });
    const page = await goTo(online.browser, '/oidc/logout', {
      ...{ id_token_hint: online.id_token, post_logout_redirect_uri: BYE, state: 'a b' },
    });
    expect(page.left).toBe(`${BYE}&state=a+b`);
    expect(await isOpen(online.sid)).toBe(false);
    const userinfo = await identity.get('/userinfo', { authorization: `Bearer ${online.access_token}` });
    expect(userinfo.status).toBe(401);
    expect([...online.browser.cookies.keys()].filter((name) => name.includes('session'))).toEqual([]);

    const offline = await signIn();
    const posted = await offline.browser.open(
      '/oidc/logout',
      new URLSearchParams({ client_id: client.client_id, post_logout_redirect_uri: 'com.app:/bye', state: 's1' }),
    );
    expect(posted.left).toBe('com.app:/bye?state=s1');
    expect(await isOpen(offline.sid)).toBe(false);
    expect((await identity.refresh(client, offline.refresh_token)).status).toBe(200);
    const again = await goTo(offline.browser, '/oidc/logout', {
      ...{ client_id: client.client_id, post_logout_redirect_uri: BYE },
    });
    expect(again.left).toBe(BYE);
  });

  it('takes the older address of the libraries, whatever it says of a provider', async () => {
    const { browser, sid } = await signIn();
    const page = await goTo(browser, '/v2/logout', { client_id: client.client_id, returnTo: BYE, federated: '' });
    expect(page.left).toBe(BYE);
    expect(await isOpen(sid)).toBe(false);
    const answer = await identity.get(
      `/v2/logout?${new URLSearchParams({ client_id: client.client_id, returnTo: BYE }).toString()}`,
    );
    expect([answer.status, answer.headers.get('location')]).toEqual([302, BYE]);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('ID-22 goes nowhere else: unlisted, another client\u2019s, almost the same, or without a client', async () => {
    const { id_token } = await signIn();
    const named = { client_id: client.client_id };
    const asked: [string, Record<string, string>][] = [
      ...[
        ...['https://evil.example/', `${BYE}&x=1`, BYE.toUpperCase(), `${BYE}#x`, 'https://app.example.com/bye', ' '],
        ...[
          'https://other.example.com/',
          '//evil.example',
          'javascript:alert(1)',
          `${BYE}/..`,
          `${BYE}\\@evil.example`,
        ],
      ].flatMap((address): [string, Record<string, string>][] => [
        ['/oidc/logout', { ...named, post_logout_redirect_uri: address }],
        ['/oidc/logout', { id_token_hint: id_token, post_logout_redirect_uri: address }],
        ['/v2/logout', { ...named, returnTo: address }],
      ]),
      ['/oidc/logout', { post_logout_redirect_uri: BYE }],
      ['/v2/logout', { returnTo: BYE }],
      ['/v2/logout', { client_id: 'nobody', returnTo: BYE }],
      ['/v2/logout', { client_id: other.client_id, returnTo: BYE }],
    ];
    const { browser, sid } = await signIn();
    for (const [path, params] of asked) {
      const page = await goTo(browser, path, params);
      expect([page.left, page.status, params]).toEqual([null, 400, params]);
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.text).not.toContain('evil');
    }
    expect(await isOpen(sid)).toBe(false);
  });

  it('ends nothing for hints that name another session, and believes no ID token but ours', async () => {
    const [here, elsewhere] = [await signIn(), await signIn()];
    const back = { client_id: client.client_id, post_logout_redirect_uri: BYE };
    const forged = `${here.id_token.slice(0, -8)}AAAAAAAA`;
    const asked: Record<string, string>[] = [
      { ...back, logout_hint: elsewhere.sid },
      { ...back, id_token_hint: elsewhere.id_token },
      { ...back, id_token_hint: here.id_token, logout_hint: elsewhere.sid },
      { id_token_hint: forged },
      { ...back, id_token_hint: here.access_token },
      { ...back, client_id: other.client_id, id_token_hint: here.id_token },
    ];
    const lefts = [];
    for (const params of asked) lefts.push((await goTo(here.browser, '/oidc/logout', params)).left);
    expect(lefts).toEqual([BYE, BYE, BYE, null, null, null]);
    const twice = new URLSearchParams(back).toString() + '&client_id=other';
    expect((await here.browser.open(`/oidc/logout?${twice}`)).status).toBe(400);
    expect(await isOpen(here.sid)).toBe(true);
    expect(await isOpen(elsewhere.sid)).toBe(true);
    expect((await goTo(here.browser, '/oidc/logout', { ...back, logout_hint: here.sid })).left).toBe(BYE);
    expect(await isOpen(here.sid)).toBe(false);
    expect(await isOpen(elsewhere.sid)).toBe(true);
  });

  it('says on a page of ours what happened, if nobody asked to be sent back', async () => {
    const { browser, sid } = await signIn();
    const page = await goTo(browser, '/oidc/logout', {});
    expect([page.status, page.left, await isOpen(sid)]).toEqual([200, null, false]);
    expect(page.text).toContain('You are signed out');
    const again = await goTo(browser, '/oidc/logout', {});
    expect([again.status, again.text.includes('Nobody was signed in')]).toEqual([200, true]);
  });
});

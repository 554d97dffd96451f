import { type AuthorizationApp } from '../../test/authorization-app.js';
import { type Client, type Listed, listed, SignIns } from '../../test/sign-ins.js';

describe('what a person allowed a client', () => {
  let signIns: SignIns;
  let identity: AuthorizationApp;
  let client: Client;

  beforeAll(async () => {
    signIns = await SignIns.start();
    ({ identity, client } = signIns);
  });
  afterAll(() => signIns?.stop());

  const asked = { audience: 'things', scope: 'openid offline_access read:things' };

  it('MG-26 show what a person allowed, skipped consent included, by user, client and audience', async () => {
    const user = await signIns.person();
    await signIns.in(identity.browser(), user.email, client, asked);
    const query = `user_id=${encodeURIComponent(user.user_id)}`;
    const all = (await identity.manage('GET', `/grants?${query}`)).as<Listed[]>();
    expect(all.map(({ audience, scope }) => [audience, [...(scope as string[])].sort()]).sort()).toEqual(
      [
        [`${identity.origin}/userinfo`, ['offline_access', 'openid']],
        ['things', ['read:things']],
      ].sort(),
    );
    for (const one of all)
      expect(one).toEqual({
        ...{ id: expect.any(String) as string, clientID: client.client_id, user_id: user.user_id },
        ...{ audience: one['audience'], scope: one['scope'] },
      });
    const narrowed = await identity.manage(
      'GET',
      `/grants?${query}&audience=things&client_id=${client.client_id}&include_totals=true`,
    );
    expect(narrowed.body).toMatchObject({ start: 0, limit: 50, total: 1 });
    expect(listed(narrowed, 'grants')[0]!['audience']).toBe('things');
    const other = await identity.manage('GET', `/grants?${query}&client_id=nobody`);
    expect(other.body).toEqual([]);
    const page = await identity.manage('GET', `/grants?${query}&take=1`);
    const rest = await identity.manage('GET', `/grants?${query}&take=1&from=${page.body['next'] as string}`);
    expect(rest.body['next']).toBeUndefined();
    expect(new Set([...listed(page, 'grants'), ...listed(rest, 'grants')].map(({ id }) => id)).size).toBe(2);
  });

  it('MG-26 end with the refresh tokens under them, and consent is asked again', async () => {
    const user = await signIns.person();
    const third = await identity.client({ is_first_party: false });
    const browser = identity.browser();
    const params = { audience: 'things', scope: 'openid offline_access read:things' };
    const signed = await signIns.in(browser, user.email, third, params);
    const online = await signIns.in(browser, user.email);
    const consents = () =>
      identity.manage('GET', `/grants?client_id=${third.client_id}&user_id=${encodeURIComponent(user.user_id)}`);
    const ofThings = (await consents()).as<Listed[]>().find(({ audience }) => audience === 'things');
    expect((await identity.manage('DELETE', `/grants/${ofThings!.id}`)).status).toBe(204);
    expect((await identity.refresh(third, signed.refresh_token)).status).toBe(403);
    expect(await signIns.exchanged(online.refresh_token)).toBe(200);
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: third.client_id, ...params, code_challenge: 'a'.repeat(43) },
      ...{ redirect_uri: 'https://app.example.com/callback', code_challenge_method: 'S256' },
    });
    const page = await browser.open(`/authorize?${query.toString()}`);
    expect(page.path).toMatch(/^\/u\/consent\//);
    expect((await browser.submit(page, { action: 'accept' })).left).toContain('code=');

    expect((await identity.manage('DELETE', `/grants?user_id=${encodeURIComponent(user.user_id)}`)).status).toBe(204);
    expect((await consents()).body).toEqual([]);
    expect(await signIns.exchanged(online.refresh_token)).toBe('403 invalid_grant');
    expect(await signIns.asksForLogin(browser, user.email)).toBe(false);
  });
});

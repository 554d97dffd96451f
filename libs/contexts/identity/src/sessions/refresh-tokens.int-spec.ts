import { type AuthorizationApp, ROTATING } from '../../test/authorization-app.js';
import { type Client, type Listed, listed, SignIns, userPath } from '../../test/sign-ins.js';

describe('refresh tokens that a sign-in left behind', () => {
  let signIns: SignIns;
  let identity: AuthorizationApp;
  let client: Client;

  beforeAll(async () => {
    signIns = await SignIns.start();
    ({ identity, client } = signIns);
  });
  afterAll(() => signIns?.stop());

  it('MG-25 are listed without themselves, and keep their id when they are rotated', async () => {
    const user = await signIns.person();
    const rotator = await identity.client(ROTATING);
    const asked = { audience: 'things', scope: 'openid offline_access read:things' };
    const signed = await signIns.in(identity.browser(), user.email, rotator, asked);
    const plain = await signIns.in(identity.browser(), user.email);
    const byUser = await identity.manage('GET', `${userPath(user)}/refresh-tokens`);
    const byQuery = await identity.manage('GET', `/refresh-tokens?user_id=${encodeURIComponent(user.user_id)}`);
    expect(byUser.status).toBe(200);
    expect(listed(byQuery, 'refresh_tokens')).toEqual(listed(byUser, 'tokens'));
    expect(byUser.text).not.toContain(signed.refresh_token);
    expect(byUser.text).not.toContain(plain.refresh_token);
    const ofClient = await identity.manage(
      'GET',
      `/refresh-tokens?user_id=${encodeURIComponent(user.user_id)}&client_id=${rotator.client_id}`,
    );
    const [before] = listed(ofClient, 'refresh_tokens');
    expect(before).toMatchObject({
      ...{ user_id: user.user_id, client_id: rotator.client_id, session_id: signed.sid, rotating: true },
      ...{ last_exchanged_at: null, device: { initial_ip: '127.0.0.1' } },
      resource_servers: [{ audience: 'things', scopes: expect.stringContaining('read:things') as string }],
    });
    expect(listed(byUser, 'tokens').find(({ client_id }) => client_id === client.client_id)).toMatchObject({
      ...{ rotating: false, expires_at: null, idle_expires_at: null },
      resource_servers: [{ audience: `${identity.origin}/userinfo` }],
    });

    const { body } = await identity.refresh(rotator, signed.refresh_token);
    const after = await identity.manage('GET', `/refresh-tokens/${before!.id}`);
    expect(after.body).toMatchObject({ id: before!.id, created_at: before!['created_at'] });
    expect(after.body['last_exchanged_at']).not.toBeNull();

    expect((await identity.manage('DELETE', `/refresh-tokens/${before!.id}`)).status).toBe(202);
    expect((await identity.refresh(rotator, body['refresh_token'] as string)).status).toBe(403);
    expect((await identity.manage('GET', `/refresh-tokens/${before!.id}`)).body['errorCode']).toBe(
      'inexistent_refresh_token',
    );
    expect(await signIns.exchanged(plain.refresh_token)).toBe(200);
  });

  it('MG-25 end one by one or all, and leave the session and the other tokens', async () => {
    const user = await signIns.person();
    const browser = identity.browser();
    const one = await signIns.in(browser, user.email);
    const two = await signIns.in(browser, user.email);
    const { body } = await identity.manage('GET', `${userPath(user)}/refresh-tokens`);
    const [newest] = body['tokens'] as Listed[];
    const used = [one, two].map(({ refresh_token }) => refresh_token);
    expect((await identity.manage('DELETE', `/refresh-tokens/${newest!.id}`)).status).toBe(202);
    const left = await Promise.all(used.map((token) => signIns.exchanged(token)));
    expect([...left].sort()).toEqual([200, '403 invalid_grant']);
    expect(
      await signIns.exchanged(used[left.indexOf('403 invalid_grant')]!, {
        client_secret: client.client_secret,
      } as Client),
    ).toBe(
      '403 invalid_grant', // it still says whose it was
    );
    expect((await identity.manage('DELETE', `${userPath(user)}/refresh-tokens`)).status).toBe(202);
    for (const token of used) expect(await signIns.exchanged(token)).toBe('403 invalid_grant');
    for (const token of used) expect((await identity.refresh(client, token)).status).toBe(403);
    expect(await signIns.userinfo(one.access_token)).toBe(200);
    expect(await signIns.asksForLogin(browser, user.email)).toBe(false);
  });

  it('take what only they had kept along, once the session is over', async () => {
    const user = await signIns.person();
    const signed = await signIns.in(identity.browser(), user.email);
    await identity.manage('DELETE', `/sessions/${signed.sid}`);
    expect(await signIns.userinfo(signed.access_token)).toBe(200);
    await identity.manage('DELETE', `${userPath(user)}/refresh-tokens`);
    expect(await signIns.userinfo(signed.access_token)).toBe(401);
  });
});

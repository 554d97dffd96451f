import { type AuthorizationApp } from '../../test/authorization-app.js';
import { type Client, listed, SignIns } from '../../test/sign-ins.js';

describe('sessions in a person\u2019s own hands', () => {
  let signIns: SignIns;
  let identity: AuthorizationApp;

  beforeAll(async () => {
    signIns = await SignIns.start();
    ({ identity } = signIns);
  });
  afterAll(() => signIns?.stop());

  let app: Client;
  const scope = 'openid offline_access read:me:sessions delete:me:sessions';
  const asked = () => ({ audience: `${identity.origin}/me/`, scope });
  const mine = (token: string, path = '', method = 'GET') =>
    identity.json(`/me/v1/sessions${path}`, undefined, { authorization: `Bearer ${token}` }, method);

  beforeAll(async () => {
    app = await identity.client();
    await identity.manage('POST', '/client-grants', {
      ...{ client_id: app.client_id, audience: `${identity.origin}/me/`, subject_type: 'user' },
      scope: ['read:me:sessions', 'delete:me:sessions', 'read:me:connected_accounts'],
    });
  });

  it('AD-12 shows the sessions with the current one, ends one, and then the others', async () => {
    const [user, other] = [await signIns.person(), await signIns.person()];
    const here = await signIns.in(identity.browser(), user.email, app, asked());
    const [two, three] = [
      await signIns.in(identity.browser(), user.email),
      await signIns.in(identity.browser(), user.email),
    ];
    const foreign = await signIns.in(identity.browser(), other.email);
    const list = async () => listed(await mine(here.access_token), 'sessions');
    expect((await list()).map(({ id, current }) => [id, current])).toEqual([
      [three.sid, false],
      [two.sid, false],
      [here.sid, true],
    ]);
    const [absent, others] = [
      await mine(here.access_token, '/nothing', 'DELETE'),
      await mine(here.access_token, `/${foreign.sid}`, 'DELETE'),
    ];
    expect([absent.status, absent.text]).toEqual([others.status, others.text]);
    expect(await signIns.exchanged(foreign.refresh_token)).toBe(200);

    expect((await mine(here.access_token, `/${two.sid}`, 'DELETE')).status).toBe(204);
    expect(await signIns.exchanged(two.refresh_token)).toBe('403 invalid_grant');
    expect((await mine(here.access_token, '', 'DELETE')).status).toBe(204);
    expect(await signIns.exchanged(three.refresh_token)).toBe('403 invalid_grant');
    expect((await list()).map(({ id }) => id)).toEqual([here.sid]);
    expect(await signIns.exchanged(here.refresh_token, app)).toBe(200);

    expect((await mine(here.access_token, `/${here.sid}`, 'DELETE')).status).toBe(204);
    expect((await mine(here.access_token)).body).toMatchObject({
      ...{ type: 'https://auth0.com/api-errors/A0E-401-0003', status: 401 },
    });
  });

  it('wants its scopes, and answers in the shape of this API', async () => {
    const user = await signIns.person();
    const { access_token } = await signIns.in(identity.browser(), user.email, app, {
      ...asked(),
      scope: 'openid read:me:connected_accounts',
    });
    for (const [path, method] of [
      ['', 'GET'],
      ['', 'DELETE'],
      ['/x', 'DELETE'],
    ] as const) {
      const { status, body, headers } = await mine(access_token, path, method);
      expect([status, body['type']]).toEqual([403, 'https://auth0.com/api-errors/A0E-403-0002']);
      expect(headers.get('www-authenticate')).toBeNull();
    }
  });
});

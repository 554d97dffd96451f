import { decodeJwt } from 'jose';
import {
  Browser,
  createPerson,
  Installation,
  type Json,
  MY_ACCOUNT_SCOPES,
  myAccountToken,
  Scene,
  unique,
} from './driver/index.js';

/** What identity ends, as the exchange in front of it answers: the first call after the 2xx. */
describe('access that was ended', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation);
  });
  afterAll(() => installation.close());

  const userOf = ({ person }: Scene) => `/users/${encodeURIComponent(person.userId)}`;
  const first = async (path: string) => (await installation.manage('GET', path))['tokens'] as { session_id: string }[];
  /** By which request it ends. */
  const ends: [string, (one: Scene) => Promise<[method: string, path: string, body?: Json]>][] = [
    [
      'MG-24 the session is revoked',
      async (one) => {
        const [{ session_id: sid }] = (await first(`${userOf(one)}/refresh-tokens`)) as [{ session_id: string }];
        return ['POST', `/sessions/${sid}/revoke`];
      },
    ],
    ['MG-25 the refresh tokens are deleted', (one) => Promise.resolve(['DELETE', `${userOf(one)}/refresh-tokens`])],
    [
      'MG-26 the grants are deleted',
      (one) => Promise.resolve(['DELETE', `/grants?user_id=${encodeURIComponent(one.person.userId)}`]),
    ],
    ['access is revoked', (one) => Promise.resolve(['POST', `${userOf(one)}/revoke-access`, {}])],
    ['the person is blocked', (one) => Promise.resolve(['PATCH', userOf(one), { blocked: true }])],
    ['the person is deleted', (one) => Promise.resolve(['DELETE', userOf(one)])],
  ];

  it('AD-12 shows a person their sessions, ends one of them, and then all but the present one', async () => {
    const scopes = [...MY_ACCOUNT_SCOPES, 'read:me:sessions', 'delete:me:sessions'];
    const audience = installation.myAccountAudience;
    const { client, connection } = scene;
    const { refresh_token } = await installation.manage('GET', `/clients/${client.id}`);
    const policies = [{ audience, scope: scopes }];
    await installation.manage('PATCH', `/clients/${client.id}`, {
      refresh_token: { ...(refresh_token as Json), policies },
    });
    const grants = `/client-grants?client_id=${client.id}&audience=${encodeURIComponent(audience)}`;
    const [grant] = (await installation.management('GET', grants)).list;
    await installation.manage('PATCH', `/client-grants/${String(grant!['id'])}`, { scope: scopes });

    const person = await createPerson(installation);
    const signedIn = () =>
      Scene.of(installation, client, connection, { ...person, browser: new Browser(installation) });
    const [one, two, here] = [await signedIn(), await signedIn(), await signedIn()];
    await here.connect(unique('owner'));
    const token = await myAccountToken(installation, client, here.tokens.refreshToken, scopes.join(' '));
    const mine = (method: string, path = '') =>
      installation.http.send(`${installation.url}/me/v1/sessions${path}`, {
        ...{ method, headers: { authorization: `Bearer ${token}` } },
      });
    const list = async () =>
      ((await mine('GET')).json['sessions'] as Json[]).map(({ id, current }) => [id, current] as const);
    const sids = [here, two, one].map(({ tokens }) => decodeJwt(tokens.idToken)['sid'] as string);
    expect(await list()).toEqual(sids.map((sid) => [sid, sid === sids[0]]));
    const exchanged = () => Promise.all([here, two, one].map(async (each) => (await each.exchange()).status));
    expect(await exchanged()).toEqual([200, 200, 200]);
    expect((await mine('DELETE', `/${sids[2]}`)).status).toBe(204);
    expect(await exchanged()).toEqual([200, 200, 403]);
    expect((await mine('DELETE')).status).toBe(204);
    expect(await exchanged()).toEqual([200, 403, 403]);
    expect(await list()).toEqual([[sids[0], true]]);
  });

  it.each(ends)('RE-21 gives nothing once %s', async (_, end) => {
    const one = await scene.another();
    await one.connect(unique('owner'));
    expect((await one.exchange()).status).toBe(200);
    const [method, path, body] = await end(one);
    expect((await installation.management(method, path, body)).status).toBeLessThan(300);
    const answer = await one.exchange();
    expect([answer.status, answer.json['error']]).toEqual([403, 'invalid_grant']);
  });
});

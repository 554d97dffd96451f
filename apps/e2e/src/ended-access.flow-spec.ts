import { Installation, type Json, Scene, unique } from './driver/index.js';

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

import { createPerson, eventually, exchange, Installation, type Json, Scene } from './driver/index.js';

const LISTS = [
  ['/clients', 'clients'],
  ['/client-grants', 'client_grants'],
  ['/resource-servers', 'resource_servers'],
  ['/users', 'users'],
  ['/connections', 'connections'],
  ['/logs', 'logs'],
] as const;

describe('the Management API', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation);
  });
  afterAll(() => installation.close());

  it('MG-04 finds a person by the id in the path, encoded', async () => {
    const { userId, email } = scene.person;
    expect(userId).toContain('|');
    const answer = await installation.management('GET', `/users/${encodeURIComponent(userId)}`);
    expect(answer).toMatchObject({ status: 200, json: { user_id: userId, email } });
    const twice = await installation.management('GET', `/users/${encodeURIComponent(encodeURIComponent(userId))}`);
    expect(twice).toMatchObject({ status: 404, json: { errorCode: 'inexistent_user' } });
  });

  it.each(LISTS)('MG-08 lists %s in the shape that was asked for', async (path, plural) => {
    // What the log has of others' beginnings may still be on its way.
    const plain = await eventually(
      () => installation.management('GET', path),
      ({ list }) => list.length > 1,
    );
    expect([plain.status, Array.isArray(plain.list)]).toEqual([200, true]);
    const totals = await installation.management('GET', `${path}?include_totals=true&page=0`);
    expect(Object.keys(totals.json).sort()).toEqual(['limit', 'start', 'total', plural].sort());
    expect(totals.json).toMatchObject({ start: 0, limit: 50 });
    const checkpoint = await installation.management('GET', `${path}?include_totals=true&take=1`);
    expect(checkpoint.json[plural]).toHaveLength(1);
    expect(Object.keys(checkpoint.json).filter((member) => !['next', plural].includes(member))).toEqual([]);
    const next = String(checkpoint.json['next']);
    const second = await installation.management('GET', `${path}?take=1&from=${encodeURIComponent(next)}`);
    expect(second.status).toBe(200);
    expect(second.json[plural]).not.toEqual(checkpoint.json[plural]);
  });

  it('MG-09 says which scope is missing, and gives the limits with every answer', async () => {
    const refused = await installation.managementAs(['read:clients'], 'GET', '/users');
    expect(refused).toMatchObject({
      status: 403,
      json: {
        statusCode: 403,
        error: 'Forbidden',
        message: 'Insufficient scope, expected any of: read:users',
        errorCode: 'insufficient_scope',
      },
    });
    for (const { headers } of [refused, await installation.management('GET', '/users')])
      for (const what of ['limit', 'remaining', 'reset']) expect(headers[`x-ratelimit-${what}`]).toMatch(/^\d+$/);
  });

  it('MG-12 removes a person with everything in the vault, from the answer on', async () => {
    const one = await Scene.of(installation, scene.client, scene.connection, await createPerson(installation));
    await one.connect('person-2');
    expect((await one.exchange()).status).toBe(200);
    const path = `/users/${encodeURIComponent(one.person.userId)}`;
    expect((await installation.management('DELETE', path)).status).toBe(204);
    const { client, connection, tokens } = one;
    const refused = await exchange(installation, client, connection, tokens.refreshToken);
    expect(refused).toMatchObject({ status: 403, json: { error: 'invalid_grant' } });
    expect((await one.me('GET', '/accounts')).status).toBe(401);
    expect((await installation.management('GET', path)).status).toBe(404);
    const left = await eventually(
      async () => (await installation.management('GET', `${path}/federated-connections-tokensets`)).text,
      (text) => !text.includes(connection.name),
    );
    expect((JSON.parse(left) as Json)['statusCode'] ?? left).toBe(404);
  });
});

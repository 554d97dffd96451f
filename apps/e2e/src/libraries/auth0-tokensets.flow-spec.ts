import { ManagementClient as ManagementClientV4 } from 'auth0v4';
import { ManagementClient as ManagementClientV5 } from 'auth0v5';
import { Installation, Scene, trust } from '../driver/index.js';
import { overHttps } from './where.js';

interface Tokensets {
  list(person: string): Promise<{ id?: string; connection?: string; scope?: string }[]>;
  delete(person: string, tokenset: string): Promise<unknown>;
}

overHttps('tokensets through auth0 4 and 5', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    trust(installation);
    scene = await Scene.create(installation);
  });
  afterAll(() => installation.close());

  const credentials = {
    domain: installation.domain,
    clientId: installation.address.managementClientId,
    clientSecret: installation.address.managementClientSecret,
  };
  const v4 = (): Tokensets => {
    const { users } = new ManagementClientV4(credentials);
    return {
      list: async (id) => (await users.getAllTokensets({ id })).data,
      delete: (id, tokenset_id) => users.deleteTokenset({ id, tokenset_id }),
    };
  };
  const v5 = (): Tokensets => new ManagementClientV5(credentials).users.federatedConnectionsTokensets;

  it.each([
    ['4', v4],
    ['5', v5],
  ])('LI-02 auth0 %s lists them, and one that it deletes is worth nothing any more', async (_major, open) => {
    const tokensets = open();
    await scene.connect();
    const [one, ...others] = await tokensets.list(scene.person.userId);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ connection: scene.connection.name, scope: 'read write' });
    await tokensets.delete(scene.person.userId, one!.id!);
    expect(await tokensets.list(scene.person.userId)).toEqual([]);
    expect((await scene.exchange()).json['error']).toBe('federated_connection_refresh_token_not_found');
  });
});

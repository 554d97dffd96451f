import {
  createClient,
  eventually,
  exchange,
  Installation,
  login,
  LONG,
  patiently,
  Scene,
  SHORT,
  untilOver,
} from './driver/index.js';

const NOT_FOUND = 'federated_connection_refresh_token_not_found';

describe('many callers and both sides', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  it('50 exchanges at once of an expired token make one call to the provider', async () => {
    const refresh = { rotate: 'always', reuse: 'killGrant' };
    const scene = await Scene.create(installation, { provider: { ...SHORT, refresh } });
    await scene.connect();
    await scene.provider.change(LONG);
    await untilOver();
    const answers = await Promise.all(Array.from({ length: 50 }, () => patiently(() => scene.exchange())));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(new Set(answers.map(({ json }) => json['access_token'])).size).toBe(1);
    expect(await scene.provider.state()).toMatchObject({
      tokenRequests: { authorization_code: 1, refresh_token: 1 },
      presentationsOfReplaced: 0,
      liveGrants: 1,
    });
  });

  const profileAccounts = async (userId: string) =>
    (await installation.management('GET', `/users/${encodeURIComponent(userId)}`)).json['connected_accounts'];

  it('deleting the account removes its tokenset, and the person no longer shows it', async () => {
    const scene = await Scene.create(installation);
    const { id } = await scene.connect();
    const user = `/users/${encodeURIComponent(scene.person.userId)}`;
    const shown = await eventually(
      () => profileAccounts(scene.person.userId),
      (accounts) => (accounts as unknown[])?.length === 1,
    );
    expect(shown).toMatchObject([{ id, connection: scene.connection.name, connection_id: scene.connection.id }]);

    const deleted = await scene.me('DELETE', `/accounts/${id}`);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    const answer = await scene.exchange();
    expect([answer.status, answer.json['error']]).toEqual([401, NOT_FOUND]);
    expect(await scene.accounts()).toEqual([]);
    expect((await scene.me('DELETE', `/accounts/${id}`)).status).toBe(404);
    const tokensets = await eventually(
      async () => (await installation.management('GET', `${user}/federated-connections-tokensets`)).list,
      (list) => list.length === 0,
    );
    expect(tokensets).toEqual([]);
    expect(
      await eventually(
        () => profileAccounts(scene.person.userId),
        (list) => (list as unknown[])?.length === 0,
      ),
    ).toEqual([]);
    const { committed, liveGrants } = await scene.provider.state();
    expect(committed.refresh_token).toBe(0);
    expect(liveGrants).toBe(1); // the provider is not told unless the connection says so
  });

  it('deleting the tokenset disconnects the account', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const tokensets = `/users/${encodeURIComponent(scene.person.userId)}/federated-connections-tokensets`;
    const [tokenset] = (await installation.management('GET', tokensets)).list;
    expect(tokenset).toMatchObject({ connection: scene.connection.name, scope: 'read write' });
    expect((await installation.management('DELETE', `${tokensets}/${String(tokenset!['id'])}`)).status).toBe(204);
    const answer = await scene.exchange();
    expect([answer.status, answer.json['error']]).toEqual([401, NOT_FOUND]);
    expect(
      await eventually(
        () => scene.accounts(),
        (list) => list.length === 0,
      ),
    ).toEqual([]);
    expect(
      await eventually(
        () => profileAccounts(scene.person.userId),
        (list) => (list as unknown[])?.length === 0,
      ),
    ).toEqual([]);
    const { id } = await scene.connect();
    expect(await scene.accounts()).toMatchObject([{ id }]);
    expect((await scene.exchange()).status).toBe(200);
  });

  it('a client for which the connection was never enabled gets nothing', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const other = await createClient(installation);
    const { refreshToken } = await login(installation, other, scene.person);
    const answer = await exchange(installation, other, scene.connection, refreshToken);
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    expect((await scene.exchange()).status).toBe(200);
  });

  it('a deleted person can exchange nothing, and leaves no tokenset', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    expect((await scene.exchange()).status).toBe(200);
    const user = `/users/${encodeURIComponent(scene.person.userId)}`;
    expect((await installation.management('DELETE', user)).status).toBe(204);
    const answer = await scene.exchange();
    expect([answer.status, answer.json['error']]).toEqual([403, 'invalid_grant']);
  });
});

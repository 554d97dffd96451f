import {
  CatalogueProvider,
  connect,
  createClient,
  createPerson,
  eventually,
  Installation,
  type Json,
  login,
  myAccountToken,
  Scene,
} from './driver/index.js';

/** `spec/threats.md` P4: what becomes of a grant at its provider when the account is disconnected here. */
describe('disconnecting', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  async function ended(userId: string): Promise<Json[]> {
    const path = `/users/${encodeURIComponent(userId)}/federated-connections-tokensets/revocations`;
    const answer = await installation.management('GET', path);
    expect(answer.status).toBe(200);
    return answer.list;
  }
  const finished = async (userId: string): Promise<Json[]> =>
    eventually(
      () => ended(userId),
      (all) => all.length > 0 && all.every((one) => one['outcome'] !== 'pending'),
      30_000,
    );
  const revokes = (scene: Scene, options: Json = { revoke_on_delete: true }) =>
    patchOptions(scene.connection.id, options);
  async function patchOptions(connectionId: string, more: Json): Promise<void> {
    const { options } = (await installation.management('GET', `/connections/${connectionId}`)).json;
    await installation.manage('PATCH', `/connections/${connectionId}`, { options: { ...(options as Json), ...more } });
  }

  it('AC-03 answers 204 and tells the provider nothing by default; the next exchange is refused', async () => {
    const scene = await Scene.create(installation);
    const { id } = await scene.connect();
    const answer = await scene.me('DELETE', `/accounts/${id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await scene.exchange()).toMatchObject({
      status: 401,
      json: { error: 'federated_connection_refresh_token_not_found' },
    });
    expect(await scene.provider.state()).toMatchObject({ revokeCalls: 0, liveGrants: 1 });
    expect(await ended(scene.person.userId)).toEqual([]);
    expect((await scene.me('GET', '/revocations')).json).toEqual({ revocations: [] });
  });

  it('P4 ends the grant at a provider that was down, and says so to the operator and to the person', async () => {
    const scene = await Scene.create(installation);
    await revokes(scene, {
      revoke_on_delete: true,
      provider_settings: {
        endpoints: { revocation: `${scene.provider.url}/revoke` },
        revocation: { support: 'rfc7009', effect: 'grant' },
      },
    });
    const { id } = await scene.connect();
    await scene.provider.fault({ phase: 'revoke', status: 503, times: 2 });
    expect((await scene.me('DELETE', `/accounts/${id}`)).status).toBe(204);
    // our copy is gone, whatever the provider does
    expect((await scene.exchange()).status).toBe(401);
    expect((await ended(scene.person.userId))[0]).toMatchObject({ account_id: id, connection: scene.connection.name });
    expect(await finished(scene.person.userId)).toMatchObject([{ outcome: 'revoked', effect: 'grant', attempts: 3 }]);
    expect(await scene.provider.state()).toMatchObject({ liveGrants: 0, liveRefreshTokens: 0 });
    expect((await scene.me('GET', '/revocations')).json['revocations']).toMatchObject([{ id, outcome: 'revoked' }]);
    const entries = await eventually(
      async () => (await installation.management('GET', '/logs?take=100')).json['logs'] as Json[],
      (all) => all.some((entry) => isOf(entry, id)),
    );
    expect(entries.find((entry) => isOf(entry, id))).toMatchObject({ details: { outcome: 'revoked', attempts: 3 } });
  }, 60_000);

  const isOf = ({ type, details }: Json, id: string): boolean =>
    type === 'connected_accounts_revocation' && (details as { connected_account: Json }).connected_account['id'] === id;

  it('P4 ends the grants of a deleted connection with what the connection was', async () => {
    const scene = await Scene.create(installation);
    await revokes(scene, {
      revoke_on_delete: true,
      provider_settings: {
        endpoints: { revocation: `${scene.provider.url}/revoke` },
        revocation: { support: 'rfc7009', effect: 'grant' },
      },
    });
    await scene.connect();
    expect((await installation.management('DELETE', `/connections/${scene.connection.id}`)).status).toBe(202);
    expect(await finished(scene.person.userId)).toMatchObject([{ outcome: 'revoked', attempts: 1 }]);
    expect(await scene.provider.state()).toMatchObject({ liveGrants: 0 });
  }, 60_000);

  it('P4 revokes at every provider of the catalogue that can, and sends a person the way at every other', async () => {
    const client = await createClient(installation);
    const person = await createPerson(installation);
    const token = await myAccountToken(installation, client, (await login(installation, client, person)).refreshToken);
    const providers = await CatalogueProvider.all(installation);
    const connected: { provider: CatalogueProvider; name: string; before: number }[] = [];
    for (const provider of providers) {
      const connection = await provider.connection([client]);
      await patchOptions(connection.id, { revoke_on_delete: true });
      const account = await connect(installation, { client, person, connection, token });
      const before = Number((await provider.control('GET', '/state'))['revokeCalls']);
      expect([provider.id, (await installation.me(token, 'DELETE', `/accounts/${account.id}`)).status]).toEqual([
        provider.id,
        204,
      ]);
      connected.push({ provider, name: connection.name, before });
    }
    const outcomes = new Map((await finished(person.userId)).map((one) => [one['connection'], one]));
    const revoked: string[] = [];
    for (const { provider, name, before } of connected) {
      const calls = Number((await provider.control('GET', '/state'))['revokeCalls']) - before;
      const outcome = outcomes.get(name);
      if (calls > 0) revoked.push(provider.id);
      expect([provider.id, outcome]).toMatchObject([
        provider.id,
        calls > 0 ? { outcome: 'revoked', attempts: 1 } : { outcome: 'unsupported', attempts: 0 },
      ]);
      await provider.control('PUT', '', {});
    }
    expect(revoked.length).toBeGreaterThanOrEqual(25);
  }, 240_000);
});

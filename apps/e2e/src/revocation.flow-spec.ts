import {
  eventually,
  finishedRevocations,
  Installation,
  type Json,
  patchOptions,
  revocations,
  Scene,
} from './driver/index.js';

/** `spec/threats.md` P4: what becomes of a grant at its provider when the account is disconnected here. */
describe('disconnecting', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  const ended = (userId: string) => revocations(installation, userId);
  const finished = (userId: string) => finishedRevocations(installation, userId);
  const revokes = (scene: Scene, options: Json = { revoke_on_delete: true }) =>
    patchOptions(installation, scene.connection.id, options);

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
    // Of this connection: beside it others revoke by the dozen.
    const query = encodeURIComponent(`type:connected_accounts_revocation connection:"${scene.connection.name}"`);
    const entries = await eventually(
      async () => (await installation.management('GET', `/logs?q=${query}`)).list,
      (all) => all.some((entry) => isOf(entry, id)),
    );
    expect(entries.find((entry) => isOf(entry, id))).toMatchObject({ details: { outcome: 'revoked', attempts: 3 } });
  });

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
  });
});

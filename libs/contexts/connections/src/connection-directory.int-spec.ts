import { custom, type Json, MASK, SECRET, startVault } from '../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

const create = (more: Json = {}): Promise<Json> => vault.create(custom(more));

describe('the directory', () => {
  it('RE-06 says whether either vault switch is on', async () => {
    const off = await create();
    const legacy = await create({
      options: { ...custom()['options'], federated_connections_access_tokens: { active: true } },
    });
    const on = await create({ connected_accounts: { active: true, allow_missing_user_id: true } });
    expect(await vault.directory.byName(off['name'], null)).toMatchObject({ vaultActive: false, fillsAtSignIn: false });
    expect(await vault.directory.byId(legacy['id'], null)).toMatchObject({ vaultActive: true, fillsAtSignIn: true });
    expect(await vault.directory.byId(on['id'], null)).toMatchObject({ vaultActive: true, allowMissingUserId: true });
  });

  it('RE-07 says whether the client may use it, and knows no connection by another name', async () => {
    const { id, name } = await create({ enabled_clients: ['app-own'] });
    expect(await vault.directory.byName(name, 'app-own')).toMatchObject({ connectionId: id, enabledForClient: true });
    expect(await vault.directory.byName(name, 'app-other')).toMatchObject({ enabledForClient: false });
    expect(await vault.directory.byName(name, null)).toMatchObject({ enabledForClient: false });
    expect(await vault.directory.byName('no-such', 'app-own')).toBeNull();
    expect((await vault.directory.ofClient('app-own')).map((one) => one.name)).toEqual([name]);
  });

  it('gives the secret only as a box, and the view without it', async () => {
    const { id } = await create();
    const { clientId, secretBox } = (await vault.directory.credentials(id))!;
    expect(clientId).toBe('ours');
    expect(await vault.openSecret(id, secretBox!)).toBe(SECRET);
    expect((await vault.directory.byId(id, null))!.options).not.toHaveProperty('client_secret');
    expect(await vault.directory.credentials('con_none')).toBeNull();
  });
});

describe('a deleted connection', () => {
  const remove = async ({ id }: Json) => expect((await vault.send('DELETE', `/${id}`)).status).toBe(202);

  it('P4 that revoked on delete still says who it was and keeps its secret as a box', async () => {
    const made = await create({ options: { revoke_on_delete: true } });
    await remove(made);
    expect(await vault.directory.byId(made['id'], null)).toBeNull();
    expect(await vault.directory.credentials(made['id'])).toBeNull();
    const { connection, secretBox } = (await vault.directory.deleted(made['id']))!;
    expect(connection).toMatchObject({ connectionId: made['id'], name: made['name'], strategy: 'oauth2' });
    expect(connection.options).toMatchObject({ tokenURL: 'https://provider.example/token', revoke_on_delete: true });
    expect(connection.options).not.toHaveProperty('client_secret');
    expect(connection.tokenOrigin).toBe('https://provider.example');
    expect(await vault.openSecret(made['id'], secretBox!)).toBe(SECRET);
  });

  it.each([[{}], [{ revoke_on_delete: false }]])('that did not is gone altogether: %j', async (options) => {
    const made = await create({ options });
    await remove(made);
    expect(await vault.directory.deleted(made['id'])).toBeNull();
  });

  it('is forgotten once nothing can be waiting for it any more', async () => {
    const made = await create({ options: { revoke_on_delete: true } });
    await remove(made);
    const isForgotten = async () => {
      await vault.deletedConnections.forget();
      return (await vault.directory.deleted(made['id'])) === null;
    };
    expect(await isForgotten()).toBe(false);
    await vault.database.query(`UPDATE deleted_connections SET deleted_at = deleted_at - interval '4 days'`);
    expect(await isForgotten()).toBe(true);
  });
});

describe('the option revoke_on_delete', () => {
  it('is shown as it was sent, and reaches the view of the other contexts', async () => {
    const { id } = await create({ options: { revoke_on_delete: true } });
    expect((await vault.send('GET', `/${id}`))['body'].options).toMatchObject({ revoke_on_delete: true });
    expect((await vault.directory.byId(id, null))!.options).toMatchObject({ revoke_on_delete: true });
  });

  it('is a boolean and nothing else', async () => {
    const body = custom({ options: { revoke_on_delete: 'yes' } });
    expect(await vault.refusal('POST', '', body)).toContain('options.revoke_on_delete');
  });
});

describe('the listing', () => {
  it('MG-22 shows the connections of a client with masked secrets and without its other clients', async () => {
    const { id } = await create({ enabled_clients: ['app-listed', 'app-secret'] });
    await create({ enabled_clients: ['app-secret'] });
    const page = { after: null, limit: 10, strategies: null };
    const found = await vault.listing.ofClient('app-listed', page);
    expect(found.map(({ shown }) => shown)).toEqual([
      expect.objectContaining({ id, options: expect.objectContaining({ client_secret: MASK }) }),
    ]);
    expect(found[0]!.shown).not.toHaveProperty('enabled_clients');
    expect(await vault.listing.ofClient('app-listed', { ...page, strategies: ['github'] })).toEqual([]);
    expect(await vault.listing.ofClient('app-listed', { ...page, after: found[0]!.name })).toEqual([]);
  });
});

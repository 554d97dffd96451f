import { connection, type Json, MASK, SECRET, startVault } from '../../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

const metadata = (more: Json = {}): Json =>
  vault.provider.metadata({ introspection_endpoint: 'https://known.example/introspect', ...more });

/** A saved connection whose provider was asked some hours ago. */
async function saved(): Promise<string> {
  vault.provider.says(metadata());
  const { id } = await vault.create(connection('oidc', { issuer: vault.provider.origin }));
  await letHoursPass(id);
  return id;
}
const letHoursPass = (id: string) =>
  vault.database.query(
    `UPDATE connections SET metadata_checked_at = metadata_checked_at - interval '2 hours' WHERE id = $1`,
    [id],
  );
const refresh = () => vault.refresh.refreshDue();
const read = async (id: string): Promise<Json> => (await vault.send('GET', `/${id}`))['body'];
const known = async (id: string) => (await vault.directory.byId(id, null))!.metadata;

describe('metadata older than an hour', () => {
  it('are asked for again, and what moves nothing is taken over and told', async () => {
    const id = await saved();
    const now = metadata({ userinfo_endpoint: `${vault.provider.origin}/userinfo` });
    vault.provider.says(now);
    await refresh();
    expect(await known(id)).toEqual(now);
    const { payload, sequence } = (await vault.events(id)).at(-1)!;
    expect([sequence, payload['changed'], payload['actor']]).toEqual([2, ['provider_metadata'], { kind: 'system' }]);
  });

  it('are not asked for twice in an hour, and nothing is told while they are the same', async () => {
    const id = await saved();
    await refresh();
    const asked = vault.provider.asked();
    await refresh();
    expect(vault.provider.asked()).toBe(asked);
    expect(await vault.events(id)).toHaveLength(1);
  });

  it('are asked for once by two processes', async () => {
    await saved();
    const asked = vault.provider.asked();
    await Promise.all([refresh(), refresh()]);
    expect(vault.provider.asked()).toBe(asked + 1);
  });

  it('are left alone while another process has them', async () => {
    const id = await saved();
    const asked = vault.provider.asked();
    await vault.database.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM connections WHERE id = $1 FOR UPDATE', [id]);
      await refresh();
    });
    expect(vault.provider.asked()).toBe(asked);
    await refresh();
    expect(vault.provider.asked()).toBe(asked + 1);
  });

  it.each([
    ['says nothing good', () => vault.provider.says(null)],
    ['is of another issuer', () => vault.provider.says(metadata({ issuer: 'https://evil.example' }))],
    ['leads inside', () => vault.provider.says(metadata({ jwks_uri: 'http://10.0.0.1/jwks' }))],
  ])('stay in use while the provider %s, and after a day the administrator is warned', async (_, happens) => {
    const id = await saved();
    happens();
    await refresh();
    expect(await known(id)).toEqual(metadata());
    expect(await read(id)).not.toHaveProperty('warnings');
    await vault.database.query(
      `UPDATE connections SET metadata_failing_since = metadata_failing_since - interval '25 hours' WHERE id = $1`,
      [id],
    );
    expect((await read(id))['warnings']).toEqual([expect.stringMatching(/could not be read since .*stays in use/)]);
    vault.provider.says(metadata());
    await letHoursPass(id);
    await refresh();
    expect(await read(id)).not.toHaveProperty('warnings');
  });

  it.each([
    ['token endpoint', { token_endpoint: 'https://evil.example/token' }],
    ['revocation endpoint', { revocation_endpoint: 'https://evil.example/revoke' }],
    ['token endpoint to where the secret went before', { token_endpoint: 'https://known.example/token' }],
  ])('M3 never move the %s by themselves; saving again with the secret does', async (_, moved) => {
    const id = await saved();
    vault.provider.says(metadata(moved));
    await refresh();
    expect(await known(id)).toEqual(metadata());
    expect((await vault.directory.byId(id, null))!.tokenOrigin).toBe(vault.provider.origin);
    expect(await vault.events(id)).toHaveLength(1);
    const before = await read(id);
    expect(before['warnings']).toEqual([expect.stringMatching(/another origin; .*saved again with its client secret/)]);
    const masked = { ...before['options'], client_secret: MASK };
    expect(await vault.refusal('PATCH', `/${id}`, { options: masked })).toContain('options.client_secret');
    const { body } = await vault.send('PATCH', `/${id}`, { options: { ...masked, client_secret: SECRET } });
    expect(body).not.toHaveProperty('warnings');
    expect(await known(id)).toEqual(metadata(moved));
  });

  it('that moved and came back are warned of until the connection is saved again', async () => {
    const id = await saved();
    vault.provider.says(metadata({ token_endpoint: 'https://evil.example/token' }));
    await refresh();
    vault.provider.says(metadata());
    await letHoursPass(id);
    await refresh();
    const { options, warnings } = await read(id);
    expect(warnings).toHaveLength(1);
    expect((await vault.send('PATCH', `/${id}`, { options }))['body']).not.toHaveProperty('warnings');
    expect(await read(id)).not.toHaveProperty('warnings');
  });

  it('do not overwrite what an administrator saves meanwhile', async () => {
    const id = await saved();
    const now = metadata({ userinfo_endpoint: `${vault.provider.origin}/userinfo` });
    vault.provider.says(now);
    vault.provider.onceBeforeItAnswers(() => vault.send('PATCH', `/${id}`, { display_name: 'In between' }));
    await refresh();
    expect(await read(id)).toMatchObject({ display_name: 'In between' });
    expect((await vault.events(id)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

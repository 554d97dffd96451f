import { connection, custom, type Json, startVault } from '../../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

/** As if the catalogue file that had its entry were taken away. */
async function lose(body: Json, how: string): Promise<Json> {
  const { id } = await vault.create({ ...body, connected_accounts: { active: true } });
  await vault.database.query(`UPDATE connections SET ${how} WHERE id = $1`, [id]);
  return (await vault.send('GET', `/${id}`))['body'];
}

describe.each([
  ['strategy', () => lose(connection('slack'), `strategy = 'our-crm'`)],
  ['options.provider', () => lose(custom(), `options = options || '{"provider":"our-crm"}'`)],
])('a connection whose entry, named by %s, is gone from the catalogue', (_, lost) => {
  it('MG-05 says so where it is read, and is written back without a change', async () => {
    const shown = await lost();
    expect(shown['warnings']).toEqual([expect.stringMatching(/no entry our-crm any more.*bring back/)]);
    const answer = await vault.send('PATCH', `/${shown['id']}`, { ...shown, display_name: 'Ours' });
    expect([answer['status'], answer['body']]).toEqual([200, { ...shown, display_name: 'Ours' }]);
  });

  it('MG-05 takes every other member, and no options that nothing can check', async () => {
    const { id, options } = await lost();
    const members = { connected_accounts: { active: false }, metadata: { team: 'x' }, enabled_clients: ['app-1'] };
    expect(await vault.send('PATCH', `/${id}`, members)).toMatchObject({ status: 200, body: members });
    for (const change of [{ tokenURL: 'https://evil.example/t' }, { client_secret: 'cnry_new' }])
      expect(await vault.refusal('PATCH', `/${id}`, { options: { ...options, ...change } })).toMatch(
        /options: cannot be changed: the catalogue has no entry our-crm/,
      );
  });
});

it('a directory whose entry is gone keeps its domains until the entry is back', async () => {
  const { id } = await lose(
    connection('okta', { domain: 'acme.okta.com', domain_aliases: ['acme.example'] }),
    `strategy = 'our-directory'`,
  );
  expect((await vault.send('PATCH', `/${id}`, { display_name: 'Ours' }))['status']).toBe(200);
  expect(await vault.database.query('SELECT domain FROM connection_domains WHERE connection_id = $1', [id])).toEqual([
    { domain: 'acme.example' },
  ]);
});

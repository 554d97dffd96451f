import { custom, type Json, MASK, SECRET, startVault } from '../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

const create = (more: Json = {}): Promise<Json> => vault.create(custom(more));

describe('the client secret', () => {
  it('M2 is sealed for the vault and in no answer and no table', async () => {
    const { id } = await create();
    expect(await vault.openSecret(id, (await vault.storedBox(id))!)).toBe(SECRET);
    const answers = [
      await vault.send('GET', `/${id}`),
      await vault.send('GET', ''),
      await vault.send('GET', '?take=50'),
    ];
    for (const { text } of answers) expect(text).not.toContain(SECRET);
    expect(answers[0]!.body.options.client_secret).toBe(MASK);
    const dump = await vault.database.query(
      `SELECT to_jsonb(c)::text AS row FROM connections c UNION ALL SELECT to_jsonb(o)::text FROM outbox o`,
    );
    expect(JSON.stringify(dump)).toContain(id);
    expect(JSON.stringify(dump)).not.toContain(SECRET);
  });

  it('MG-13 stays when the connection is read and written back, and nothing is said to have changed', async () => {
    const { id } = await create();
    const box = await vault.storedBox(id);
    const read = (await vault.send('GET', `/${id}`)).body;
    expect((await vault.send('PATCH', `/${id}`, read)).body).toEqual(read);
    expect(await vault.storedBox(id)).toBe(box);
    expect(await vault.events(id)).toHaveLength(1);
  });

  it('is none where the options come without it', async () => {
    const { id } = await create();
    const { client_secret: _, ...options } = custom()['options'];
    const { body } = await vault.send('PATCH', `/${id}`, { options });
    expect(body.options).toEqual(options);
    expect(await vault.directory.credentials(id)).toEqual({ clientId: 'ours', secretBox: null });
  });

  it.each([
    ['the mask', { tokenURL: 'https://evil.example/token', client_secret: MASK }],
    ['no secret', { tokenURL: 'https://evil.example/token', client_secret: undefined }],
    [
      'the mask, by way of provider settings',
      { provider_settings: { endpoints: { token: 'https://evil.example/token' } }, client_secret: MASK },
    ],
    [
      'the mask, by way of revocation',
      { provider_settings: { endpoints: { revocation: 'https://evil.example/revoke' } }, client_secret: MASK },
    ],
    ['an account read elsewhere', { client_secret: MASK, userInfoURL: 'https://evil.example/me' }],
    [
      'an identity call elsewhere',
      {
        client_secret: MASK,
        provider_settings: { identity: { request: { method: 'GET', url: 'https://evil.example/me' } } },
      },
    ],
  ])('MG-14 M3 is not sent to another origin with %s', async (_, change) => {
    const { id } = await create();
    const options = { ...custom()['options'], ...change };
    const { status, body } = await vault.send('PATCH', `/${id}`, { options });
    expect([status, body.errorCode]).toEqual([400, 'invalid_body']);
    expect(body.message).toContain('options.client_secret');
    expect((await vault.directory.byId(id, null))!.tokenOrigin).toBe('https://provider.example');
  });

  it('M3 moves with the token endpoint when it is sent along, and the event says that the endpoint moved', async () => {
    const { id } = await create();
    const options = { ...custom()['options'], tokenURL: 'https://new.example/token', client_secret: 'cnry_new' };
    expect((await vault.send('PATCH', `/${id}`, { options })).status).toBe(200);
    expect(await vault.openSecret(id, (await vault.storedBox(id))!)).toBe('cnry_new');
    const { payload, sequence } = (await vault.events(id)).at(-1)!;
    expect(sequence).toBe(2);
    expect(payload).toMatchObject({
      tokenOrigin: 'https://new.example',
      changed: expect.arrayContaining(['token_endpoint', 'credentials']),
    });
  });
});

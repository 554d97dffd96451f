import { connection, type Json, startVault } from '../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

let made = 0;
const domain = (): string => `acme-${++made}.example`;
const directory = (domain_aliases: string[], more: Json = {}): Json =>
  connection('okta', { domain: 'acme.okta.com', domain_aliases }, more);
const off = { authentication: { active: false } };
const on = { authentication: { active: true } };

describe('a domain of domain_aliases', () => {
  it('GR-15 leads to one login connection; the second is told which', async () => {
    const wanted = domain();
    const { name } = await vault.create(directory([wanted]));
    const message = await vault.refusal('POST', '', directory([domain(), wanted.toUpperCase()]));
    expect(message).toMatch(new RegExp(`options\\.domain_aliases\\.1: .*${name}.*remove it there first`));
  });

  it('GR-15 is free for connections that are not for login, until they are', async () => {
    const wanted = domain();
    const { name } = await vault.create(directory([wanted]));
    const { id } = await vault.create(directory([wanted], off));
    expect(await vault.refusal('PATCH', `/${id}`, on)).toContain(name);
    expect((await vault.send('GET', `/${id}`))['body']).toMatchObject(off);
  });

  it.each([
    ['switched off', (id: string) => vault.send('PATCH', `/${id}`, off)],
    ['deleted', (id: string) => vault.send('DELETE', `/${id}`)],
    [
      'without it',
      async (id: string) => {
        const { options } = (await vault.send('GET', `/${id}`))['body'];
        return vault.send('PATCH', `/${id}`, { options: { ...options, domain_aliases: [] } });
      },
    ],
  ])('is free again once the first connection is %s', async (_, happens) => {
    const wanted = domain();
    const { id } = await vault.create(directory([wanted]));
    await happens(id);
    await vault.create(directory([wanted]));
  });

  it('goes to one of two that are saved at the same time', async () => {
    const wanted = [domain(), domain()];
    const answers = await Promise.all([
      vault.send('POST', '', directory(wanted)),
      vault.send('POST', '', directory([...wanted].reverse())),
    ]);
    expect(answers.map(({ status }) => status as number).sort()).toEqual([201, 400]);
  });

  it('means nothing for a provider of everybody', async () => {
    const wanted = domain();
    await vault.create(connection('github', { domain_aliases: [wanted] }));
    await vault.create(directory([wanted]));
  });
});

describe('the button on the login page', () => {
  const button = async (body: Json) => (await vault.create(body))['show_as_button'];

  it('is there unless a directory has domains of its own, or the administrator says otherwise', async () => {
    expect(await button(directory([]))).toBe(true);
    expect(await button(directory([domain()]))).toBe(false);
    expect(await button(directory([domain()], { show_as_button: true }))).toBe(true);
    expect(await button(directory([], { show_as_button: false }))).toBe(false);
    expect(await button(connection('github'))).toBeUndefined();
  });

  it('MG-13 stays by default when the connection is read and written back', async () => {
    const { id } = await vault.create(directory([domain()]));
    const read = (await vault.send('GET', `/${id}`))['body'];
    expect((await vault.send('PATCH', `/${id}`, read))['body']).toEqual(read);
    expect(await vault.events(id)).toHaveLength(1);
    const { domain_aliases: _, ...options } = read.options;
    expect((await vault.send('PATCH', `/${id}`, { options }))['body']).toMatchObject({ show_as_button: true });
  });
});

import { CatalogueProvider, Installation, type Json } from './driver/index.js';

interface Check {
  name: string;
  ok: boolean;
  detail: string;
  remedy: string | null;
}

/** One client at every provider of the catalogue, each of which says in its own words what it thinks of it. */
describe('MG-23 a verification at every provider of the catalogue', () => {
  const installation = Installation.fromEnvironment();
  let tried: { provider: CatalogueProvider; id: string; connectionId: string }[];

  beforeAll(async () => {
    tried = [];
    for (const provider of await CatalogueProvider.all(installation)) {
      const connection = await provider.connection([]);
      tried.push({ provider, id: provider.id, connectionId: connection.id });
    }
  }, 60_000);
  afterAll(async () => {
    for (const { provider } of tried) await provider.control('PUT', '', {});
    await installation.close();
  });

  async function verified(connectionId: string) {
    const answer = await installation.manage('POST', `/connections/${connectionId}/verify`);
    const checks = answer['checks'] as Check[];
    const client = checks.find(({ name }) => name === 'client_authentication');
    return { ok: answer['ok'], client, faults: checks.filter(({ ok }) => !ok), checks };
  }

  /** What is said while the provider knows another client than the connection does. */
  async function verifiedAfter(provider: CatalogueProvider, connectionId: string, change: Json) {
    await provider.control('PATCH', '', change);
    const said = await verified(connectionId);
    await provider.control('PATCH', '', CatalogueProvider.client);
    return said;
  }

  it('finds nothing wrong with the right client', async () => {
    let isTried = 0;
    for (const { id, connectionId } of tried) {
      const { ok, faults, client, checks } = await verified(connectionId);
      expect([id, ok, faults]).toEqual([id, true, []]);
      if (client) isTried += 1;
      else expect([id, checks[0]!.detail]).toEqual([id, expect.stringContaining('each account brings')]);
    }
    expect(isTried).toBeGreaterThan(30);
  }, 60_000);

  it('finds a wrong secret, and nothing else', async () => {
    for (const { provider, id, connectionId } of tried) {
      if (!(await verified(connectionId)).client) continue;
      const { faults } = await verifiedAfter(provider, connectionId, { clientSecret: 'cnry_cs_another_one' });
      const part = { name: 'client_authentication', detail: expect.stringMatching(/refuses the client id or secret$/) };
      expect([id, faults]).toMatchObject([id, [{ ...part, remedy: expect.stringMatching(/client_id.* secret/) }]]);
    }
  }, 60_000);

  it('finds a wrong client id wherever one is sent, does not blame the secret alone, and says where none is', async () => {
    for (const { provider, id, connectionId } of tried) {
      const { client } = await verified(connectionId);
      if (!client) continue;
      const { faults } = await verifiedAfter(provider, connectionId, { clientId: 'another-client' });
      const isUnsent = client.detail.includes('the client id is not sent');
      const fault = {
        detail: expect.stringMatching(/refuses the client id( or secret)?$/),
        remedy: expect.stringContaining('client_id'),
      };
      expect([id, faults]).toMatchObject([id, isUnsent ? [] : [fault]]);
    }
  }, 60_000);
});

import {
  type Answer,
  CatalogueProvider,
  type Client,
  connect,
  ConnectFlow,
  createClient,
  createPerson,
  exchange,
  finishedRevocations,
  Installation,
  type Json,
  login,
  myAccountToken,
  patchOptions,
  type Person,
  SHORT,
} from './driver/index.js';

/**
 * Every provider of the catalogue through the whole product: an administrator makes the connection, a person connects,
 * an app exchanges, the token is refreshed, all in the provider's own shapes. Nothing is asked for by name. All of it
 * is in this file, because a provider of the catalogue is there once and files run side by side.
 */
describe('every provider of the catalogue', () => {
  const installation = Installation.fromEnvironment();
  let providers: CatalogueProvider[];
  let client: Client;
  let person: Person;
  let subjectToken: string;
  let token: string;

  beforeAll(async () => {
    providers = await CatalogueProvider.all(installation);
    client = await createClient(installation);
    person = await createPerson(installation);
    subjectToken = (await login(installation, client, person)).refreshToken;
    token = await myAccountToken(installation, client, subjectToken);
  });
  afterAll(() => installation.close());

  /** At each provider an account whose tokens are said to end at once; those that name no end are left out. */
  async function shortLived() {
    const made: { provider: CatalogueProvider; id: string; exchanged: () => Promise<Answer>; name: string }[] = [];
    for (const provider of providers) {
      const { id } = provider;
      const connection = await provider.connection([client], SHORT);
      const flow = new ConnectFlow(installation, { client, person, connection, token });
      expect([id, await flow.begin()]).toMatchObject([id, { status: 201 }]);
      await flow.throughBrowser();
      expect([id, await flow.complete()]).toMatchObject([id, { status: 201 }]);
      const exchanged = () => exchange(installation, client, connection, subjectToken);
      made.push({ provider, id, name: connection.name, exchanged });
    }
    const refreshable: typeof made = [];
    for (const one of made) {
      const { expires_at } = await tokensetOf(one.name);
      if (expires_at !== null && (await one.provider.isRefreshable())) refreshable.push(one);
    }
    return refreshable;
  }

  async function tokensetOf(connection: string): Promise<Json> {
    const list = await installation.tokensets(person.userId);
    return list.find((one) => one['connection'] === connection)!;
  }

  afterEach(async () => {
    for (const provider of providers) await provider.control('PUT', '', {});
  });

  it('P4 revokes where that can be done when the account is disconnected, and elsewhere says that it cannot', async () => {
    // First of all: a grant that somebody else's token set still rests on would not be revoked.
    const connected: { provider: CatalogueProvider; name: string; before: number }[] = [];
    for (const provider of providers) {
      const connection = await provider.connection([client]);
      await patchOptions(installation, connection.id, { revoke_on_delete: true });
      const account = await connect(installation, { client, person, connection, token });
      const before = Number((await provider.control('GET', '/state'))['revokeCalls']);
      expect([provider.id, (await installation.me(token, 'DELETE', `/accounts/${account.id}`)).status]).toEqual([
        provider.id,
        204,
      ]);
      connected.push({ provider, name: connection.name, before });
    }
    const outcomes = new Map(
      (await finishedRevocations(installation, person.userId)).map((one) => [one['connection'], one]),
    );
    const revoked: string[] = [];
    for (const { provider, name, before } of connected) {
      const calls = Number((await provider.control('GET', '/state'))['revokeCalls']) - before;
      const outcome = outcomes.get(name);
      if (calls > 0) revoked.push(provider.id);
      expect([provider.id, outcome]).toMatchObject([
        provider.id,
        calls > 0 ? { outcome: 'revoked', attempts: 1 } : { outcome: 'unsupported', attempts: 0 },
      ]);
    }
    expect(revoked.length).toBeGreaterThanOrEqual(25);
  }, 600_000);

  it('is connected, exchanged and refreshed once', async () => {
    const accounts = await shortLived();
    expect(accounts.length).toBeGreaterThan(providers.length / 2);
    for (const { provider, id, exchanged } of accounts) {
      await provider.control('PATCH', '', { announcedSeconds: 3600 });
      const before = await provider.refreshes();
      const answer = await exchanged();
      expect([id, answer]).toMatchObject([id, { status: 200, json: { token_type: 'Bearer' } }]);
      expect([id, await provider.apiStatus(answer.json['access_token'])]).toEqual([id, 200]);
      expect([id, (await exchanged()).json['access_token']]).toEqual([id, answer.json['access_token']]);
      expect([id, (await provider.refreshes()) - before]).toEqual([id, 1]);
    }
  }, 600_000);

  it('needs the person again when the grant was taken back, and nothing else is sent for it', async () => {
    for (const { provider, id, exchanged, name } of await shortLived()) {
      await provider.control('POST', '/revoke', {});
      expect([id, await exchanged()]).toMatchObject([id, { status: 401 }]);
      expect([id, await tokensetOf(name)]).toMatchObject([id, { status: 'reconnect_required' }]);
      const { tokenRequests } = await provider.control('GET', '/state');
      expect([id, await exchanged()]).toMatchObject([id, { status: 401 }]);
      expect([id, (await provider.control('GET', '/state'))['tokenRequests']]).toEqual([id, tokenRequests]);
    }
  }, 600_000);
});

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
  }, 300_000);
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
  }, 300_000);

  it('finds a wrong secret, and nothing else', async () => {
    for (const { provider, id, connectionId } of tried) {
      if (!(await verified(connectionId)).client) continue;
      const { faults } = await verifiedAfter(provider, connectionId, { clientSecret: 'cnry_cs_another_one' });
      const part = { name: 'client_authentication', detail: expect.stringMatching(/refuses the client id or secret$/) };
      expect([id, faults]).toMatchObject([id, [{ ...part, remedy: expect.stringMatching(/client_id.* secret/) }]]);
    }
  }, 300_000);

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
  }, 300_000);
});

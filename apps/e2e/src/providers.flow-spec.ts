import {
  type Answer,
  CatalogueProvider,
  type Client,
  ConnectFlow,
  createClient,
  createPerson,
  exchange,
  Installation,
  type Json,
  login,
  myAccountToken,
  type Person,
} from './driver/index.js';

/**
 * Every provider of the catalogue through the whole product: an administrator makes the connection, a person connects,
 * an app exchanges, the token is refreshed, all in the provider's own shapes. Nothing is asked for by name.
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

  /** At each provider an account whose tokens end at once; those that name no end are left out. */
  async function shortLived() {
    const made: { provider: CatalogueProvider; id: string; exchanged: () => Promise<Answer>; name: string }[] = [];
    for (const provider of providers) {
      const { id } = provider;
      const connection = await provider.connection([client], { accessTokenSeconds: 1 });
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

  it('is connected, exchanged and refreshed once', async () => {
    const accounts = await shortLived();
    expect(accounts.length).toBeGreaterThan(providers.length / 2);
    for (const { provider, id, exchanged } of accounts) {
      await provider.control('PATCH', '', { accessTokenSeconds: 3600 });
      const before = await provider.refreshes();
      const answer = await exchanged();
      expect([id, answer]).toMatchObject([id, { status: 200, json: { token_type: 'Bearer' } }]);
      expect([id, await provider.apiStatus(answer.json['access_token'])]).toEqual([id, 200]);
      expect([id, (await exchanged()).json['access_token']]).toEqual([id, answer.json['access_token']]);
      expect([id, (await provider.refreshes()) - before]).toEqual([id, 1]);
    }
  }, 180_000);

  it('needs the person again when the grant was taken back, and nothing else is sent for it', async () => {
    for (const { provider, id, exchanged, name } of await shortLived()) {
      await provider.control('POST', '/revoke', {});
      expect([id, await exchanged()]).toMatchObject([id, { status: 401 }]);
      expect([id, await tokensetOf(name)]).toMatchObject([id, { status: 'reconnect_required' }]);
      const { tokenRequests } = await provider.control('GET', '/state');
      expect([id, await exchanged()]).toMatchObject([id, { status: 401 }]);
      expect([id, (await provider.control('GET', '/state'))['tokenRequests']]).toEqual([id, tokenRequests]);
    }
  }, 180_000);
});

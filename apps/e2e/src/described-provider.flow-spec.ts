import {
  type Client,
  ConnectFlow,
  createClient,
  createPerson,
  DUE,
  enable,
  exchange,
  Installation,
  type Json,
  login,
  myAccountToken,
  type Person,
  type Server,
  startServer,
  unique,
  untilDue,
} from './driver/index.js';
import { CLIENT_ID, CLIENT_SECRET, OddProvider } from './driver/odd-provider.js';

/** How long a token is thought to live, for its provider does not say; due a second later. */
const ASSUMED_SECONDS = 301;

/** All that anybody tells Strongroom about this provider. */
const settingsFor = (url: string): Json => ({
  endpoints: { authorization: `${url}/dialog`, token: `${url}/token` },
  clientAuth: { methods: ['client_secret_basic'], basicEncoding: 'raw', refreshMethods: ['client_secret_post'] },
  pkce: 'unsupported',
  authorization: { scopeDelimiter: ',', baseScopes: ['me'] },
  tokenResponse: {
    formats: ['json', 'form'],
    success: [{ path: '/ok', equals: 'yes' }],
    paths: {
      accessToken: ['/data/tokens/0/value'],
      refreshToken: ['/data/renewal'],
      scope: ['/data/allowed'],
      expiresIn: [],
      tokenType: [],
    },
    refreshPaths: { accessToken: ['/token'], refreshToken: ['/renewal'], scope: ['/allowed'] },
    noExpiry: 'default',
    defaultTtlSeconds: ASSUMED_SECONDS,
  },
  refresh: { mode: 'rotating', reuse: 'rejected', skewSeconds: 0 },
  errors: {
    code: ['/faults/0/kind', '/fault'],
    rules: [
      { when: { phase: ['exchange'], code: ['stale'] }, class: 'restart_flow' },
      { when: { phase: ['refresh'], code: ['stale'] }, class: 'reconnect' },
      { when: { code: ['who'] }, class: 'client_config' },
    ],
  },
  identity: {
    request: { url: `${url}/me` },
    subject: ['request#/person/no'],
    label: ['request#/person/nick'],
  },
});

/** A server of its own: which private addresses it may call is said where it starts. */
describe('a provider that one connection alone describes', () => {
  let odd: OddProvider;
  let server: Server;
  let installation: Installation;
  let client: Client;
  let connection: { id: string; name: string };
  let person: Person;
  let subjectToken: string;
  let token: string;

  beforeAll(async () => {
    odd = await OddProvider.start();
    server = await startServer(odd.url);
    installation = new Installation(server.address);
    client = await createClient(installation);
    connection = await describedConnection();
    person = await createPerson(installation);
    subjectToken = (await login(installation, client, person)).refreshToken;
    token = await myAccountToken(installation, client, subjectToken);
  });
  afterAll(async () => {
    await installation.close();
    await server.remove();
    await odd.stop();
  });
  beforeEach(() => {
    odd.isRefusing = false;
    for (const calls of [odd.codeCalls, odd.refreshCalls, odd.asked]) calls.length = 0;
  });

  async function describedConnection(): Promise<{ id: string; name: string }> {
    const name = unique('described');
    const { id } = await installation.manage('POST', '/connections', {
      name,
      strategy: 'oauth2',
      authentication: { active: false },
      connected_accounts: { active: true },
      options: {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        scope: ['mail', 'files'],
        provider_settings: settingsFor(odd.url),
      },
    });
    await enable(installation, String(id), [client]);
    return { id: String(id), name };
  }

  async function connected() {
    const flow = new ConnectFlow(installation, { client, connection, person, token });
    expect(await flow.begin()).toMatchObject({ status: 201 });
    await flow.throughBrowser();
    return flow.complete();
  }

  const exchanged = () => exchange(installation, client, connection, subjectToken);
  /** Refreshed first, for it is to live as long as one that has just come. */
  const renewed = async () => {
    await untilDue();
    return exchange(installation, client, connection, subjectToken, DUE);
  };

  async function tokenset(): Promise<Json | undefined> {
    const list = await installation.tokensets(person.userId);
    return list.find((one) => one['connection'] === connection.name);
  }

  it('is asked by commas and gives its token from deep inside, for the secret as Basic', async () => {
    expect(await connected()).toMatchObject({ status: 201, json: { scopes: ['mail', 'files'] } });
    expect(odd.asked[0]!.get('scope')).toBe('me,mail,files');
    expect(odd.asked[0]!.has('code_challenge')).toBe(false);
    expect(odd.codeCalls).toMatchObject([{ authorization: expect.stringMatching(/^Basic /) }]);
    expect(Object.keys(odd.codeCalls[0]!.members)).toEqual(['grant_type', 'code', 'redirect_uri']);
    const answer = await exchanged();
    expect(answer).toMatchObject({ status: 200, json: { token_type: 'Bearer', scope: 'mail files' } });
    expect(odd.knows(answer.json['access_token'])).toBe(true);
  });

  it('is refreshed with the secret in the body, answers with a form and says fewer scopes', async () => {
    await connected();
    const before = await exchanged();
    const after = await renewed();
    expect(after).toMatchObject({ status: 200, json: { scope: 'mail' } });
    expect(after.json['access_token']).not.toBe(before.json['access_token']);
    expect(odd.knows(after.json['access_token'])).toBe(true);
    const members = { grant_type: 'refresh_token', client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
    expect(odd.refreshCalls).toMatchObject([{ authorization: undefined, members }]);
    // The refresh token that came in the form is the one that is sent next.
    expect((await renewed()).status).toBe(200);
  });

  it('refuses a code with status 200, and nothing is connected', async () => {
    odd.isRefusing = true;
    const other = await createPerson(installation);
    const theirs = (await login(installation, client, other)).refreshToken;
    const wish = { client, connection, person: other, token: await myAccountToken(installation, client, theirs) };
    const flow = new ConnectFlow(installation, wish);
    await flow.begin();
    await flow.throughBrowser();
    const done = await flow.complete();
    expect(done.status).toBeGreaterThanOrEqual(400);
    expect(odd.codeCalls).toHaveLength(1);
    const answer = await exchange(installation, client, connection, theirs);
    expect(answer).toMatchObject({ status: 401, json: { error: 'federated_connection_refresh_token_not_found' } });
  });

  it('refuses a refresh with status 200, and only the person can mend it', async () => {
    await connected();
    odd.isRefusing = true;
    const refused = await renewed();
    expect(refused.status).toBe(401);
    expect(await tokenset()).toMatchObject({ status: 'reconnect_required' });
    const sent = odd.refreshCalls.length;
    expect((await exchanged()).status).toBe(401);
    expect(odd.refreshCalls).toHaveLength(sent);
    odd.isRefusing = false;
    expect((await connected()).status).toBe(201);
    expect((await exchanged()).status).toBe(200);
  });
});

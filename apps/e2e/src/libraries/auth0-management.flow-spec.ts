import { generateKeyPairSync } from 'node:crypto';
import { ManagementClient } from 'auth0v7';
import {
  type Answer,
  eventually,
  Installation,
  login,
  Scene,
  type Server,
  startServer,
  trust,
  unique,
  VAULT_GRANT,
} from '../driver/index.js';
import { inOneProcess, overHttps } from './where.js';

overHttps('auth0 7 pointed at us', () => {
  const installation = Installation.fromEnvironment();
  const libraryOf = ({ domain, address }: Installation, fetchIt = fetch) =>
    new ManagementClient({
      domain,
      clientId: address.managementClientId,
      clientSecret: address.managementClientSecret,
      fetch: fetchIt,
    });
  const library = libraryOf(installation);
  let scene: Scene;
  let accountId: string;
  beforeAll(async () => {
    trust(installation);
    scene = await Scene.create(installation);
    accountId = (await scene.connect()).id;
  });
  afterAll(() => installation.close());

  /** Everything that a list has, page after page as the library asks for them. */
  async function all<T>(pages: AsyncIterable<T> | Promise<AsyncIterable<T>>): Promise<T[]> {
    const found: T[] = [];
    for await (const one of await pages) found.push(one);
    return found;
  }

  it('LI-03 makes a connection and two clients, and turns it on for one of them', async () => {
    const made = await library.clients.create({
      name: unique('app'),
      app_type: 'regular_web',
      is_first_party: true,
      oidc_conformant: true,
      grant_types: ['authorization_code', 'refresh_token', VAULT_GRANT],
      callbacks: ['https://app.example/callback'],
    });
    expect(made.client_secret).toMatch(/.{40}/);
    const other = await library.clients.create({ name: unique('other') });
    const connection = await library.connections.create({
      name: unique('made'),
      strategy: 'oauth2',
      authentication: { active: false },
      connected_accounts: { active: true },
      options: {
        authorizationURL: `${scene.provider.url}/authorize`,
        tokenURL: `${scene.provider.url}/token`,
        client_id: scene.provider.clientId,
        client_secret: scene.provider.clientSecret,
        scope: 'read write',
      },
    });
    expect(connection).toMatchObject({ id: expect.stringMatching(/^con_/) as string, strategy: 'oauth2' });
    const id = connection.id!;

    await library.connections.clients.update(id, [{ client_id: made.client_id!, status: true }]);
    expect((await all(library.connections.clients.get(id))).map((one) => one.client_id)).toEqual([made.client_id]);
    await eventually(
      () => all(library.clients.connections.get(made.client_id!)),
      (list) => list.length === 1,
    );
    expect(await all(library.clients.connections.get(other.client_id!))).toEqual([]);

    await library.connections.update(id, { display_name: 'Made by a library' });
    expect(await library.connections.get(id)).toMatchObject({ display_name: 'Made by a library' });
    await library.clients.update(made.client_id!, { name: 'Renamed' });
    expect(await library.clients.get(made.client_id!)).toMatchObject({ name: 'Renamed' });
    const rotated = await library.clients.rotateSecret(made.client_id!);
    expect(rotated.client_secret).not.toBe(made.client_secret);
    await library.connections.delete(id);
    for (const { client_id } of [made, other]) await library.clients.delete(client_id!);
    await expect(library.clients.get(made.client_id!)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('LI-03 walks every list in the shape that it asks for', async () => {
    const has = async <T>(pages: Promise<AsyncIterable<T>>, isIt: (one: T) => boolean) =>
      expect((await all(pages)).some(isIt)).toBe(true);
    await has(library.clients.list(), ({ client_id }) => client_id === scene.client.id);
    await has(library.connections.list(), ({ id }) => id === scene.connection.id);
    await has(library.connections.list({ take: 1 }), ({ id }) => id === scene.connection.id);
    await has(library.users.list({ per_page: 1 }), ({ user_id }) => user_id === scene.person.userId);
    await has(library.clientGrants.list(), ({ client_id }) => client_id === scene.client.id);
    await has(library.resourceServers.list(), ({ identifier }) => identifier === installation.myAccountAudience);
    await has(library.users.connectedAccounts.list(scene.person.userId), ({ id }) => id === accountId);
    await has(library.keys.encryption.list(), ({ kid }) => kid !== undefined);
  });

  it('LI-03 writes grants and APIs, and takes them away', async () => {
    const identifier = `https://${unique('api')}.example/`;
    const api = await library.resourceServers.create({
      identifier,
      name: 'Made by a library',
      scopes: [{ value: 'read:things', description: 'Read things' }],
    });
    expect(await library.resourceServers.get(api.id!)).toMatchObject({ identifier });
    await library.resourceServers.update(api.id!, { name: 'Renamed' });
    const grant = await library.clientGrants.create({
      client_id: scene.client.id,
      audience: identifier,
      scope: ['read:things'],
    });
    await library.clientGrants.update(grant.id!, { scope: [] });
    const list = await all(library.clientGrants.list({ audience: identifier, subject_type: 'client' }));
    expect(list).toMatchObject([{ id: grant.id, scope: [] }]);
    await library.clientGrants.delete(grant.id!);
    await library.resourceServers.delete(api.id!);
    await expect(library.resourceServers.get(api.id!)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('LI-03 makes, finds, changes, blocks and removes a person', async () => {
    const email = `${unique('made')}@people.example`;
    const made = await library.users.create({
      connection: 'Username-Password-Authentication',
      email,
      password: unique('Password-1'),
      user_metadata: { colour: 'green' },
    });
    const id = made.user_id!;
    expect(id).toMatch(/^auth0\|/);
    expect(await library.users.listUsersByEmail({ email })).toMatchObject([{ user_id: id }]);
    await library.users.update(id, { blocked: true, user_metadata: { size: 'large' } });
    expect(await library.users.get(id)).toMatchObject({
      blocked: true,
      user_metadata: { colour: 'green', size: 'large' },
    });
    await library.users.delete(id);
    await expect(library.users.get(id)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('LI-03 reads and ends sessions, refresh tokens and what a person allowed', async () => {
    const person = scene.person.userId;
    const sessions = await all(library.users.sessions.list(person));
    expect(sessions).toMatchObject([{ user_id: person }]);
    expect(sessions[0]!.clients).toContainEqual({ client_id: scene.client.id });
    expect(await library.sessions.get(sessions[0]!.id!)).toMatchObject({ id: sessions[0]!.id });
    const tokens = await all(library.users.refreshToken.list(person));
    expect(tokens.length).toBeGreaterThan(0);
    expect(await library.refreshTokens.get(tokens[0]!.id!)).toMatchObject({ user_id: person });
    const found = await all(library.refreshTokens.list({ user_id: person, client_id: scene.client.id }));
    expect(found.map(({ id }) => id).sort()).toEqual(tokens.map(({ id }) => id).sort());
    const grants = await all(library.userGrants.list({ user_id: person }));
    expect(grants).toContainEqual(expect.objectContaining({ clientID: scene.client.id }));

    const other = await scene.another();
    const [token] = await all(library.users.refreshToken.list(other.person.userId));
    await library.refreshTokens.delete(token!.id!);
    expect((await other.exchange()).json['error']).toBe('invalid_grant');
    await login(installation, other.client, other.person);
    await library.users.revokeAccess(other.person.userId);
    expect(await all(library.users.sessions.list(other.person.userId))).toEqual([]);
    expect(await all(library.users.refreshToken.list(other.person.userId))).toEqual([]);
    await library.userGrants.deleteByUserId({ user_id: other.person.userId });
    expect(await all(library.userGrants.list({ user_id: other.person.userId }))).toEqual([]);
  });

  it('LI-03 reads keys, the policy of second factors and the settings of the tenant', async () => {
    const keys = await library.keys.signing.list();
    expect(keys.filter(({ current }) => current)).toHaveLength(1);
    expect(await library.keys.signing.get(keys[0]!.kid)).toMatchObject({ kid: keys[0]!.kid });
    expect(await library.guardian.policies.list()).toEqual([]);
    const settings = await library.tenants.settings.get();
    expect(settings).toHaveProperty('default_audience');
    expect(await library.tenants.settings.update({})).toEqual(settings);
  });

  it('LI-03 makes keys for a client, and takes one away', async () => {
    const client = await library.clients.create({ name: unique('keys') });
    const id = client.client_id!;
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const made = await library.clients.credentials.create(id, { credential_type: 'public_key', name: 'one', pem });
    expect(await library.clients.credentials.list(id)).toMatchObject([{ id: made.id, name: 'one' }]);
    await library.clients.credentials.delete(id, made.id!);
    expect(await library.clients.credentials.list(id)).toEqual([]);
  });

  inOneProcess('at a limit of calls', () => {
    let server: Server;
    let limited: Installation;
    beforeAll(async () => {
      server = await startServer(installation.address.simulatorUrl, { STRONGROOM_RATE_MANAGEMENT: '2' });
      limited = new Installation(server.address);
      trust(limited);
    });
    afterAll(async () => {
      await limited.close();
      await server.remove();
    });

    it('MG-11 is told to wait, waits and succeeds', async () => {
      const atOnce = () => Promise.all(Array.from({ length: 8 }, () => limited.management('GET', '/clients')));
      const refusedOf = (answers: Answer[]) => answers.filter(({ status }) => status === 429);
      const refused = refusedOf(await eventually(atOnce, (answers) => refusedOf(answers).length > 0));
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers, json } of refused) {
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThan(0);
        expect(headers['x-ratelimit-remaining']).toBe('0');
        expect(json).toMatchObject({ statusCode: 429, error: 'Too Many Requests', errorCode: 'too_many_requests' });
      }
      let seen: number[] = [];
      const watched: typeof fetch = async (...request) => {
        const answer = await fetch(...request);
        if (answer.url.includes('/api/v2/')) seen.push(answer.status);
        return answer;
      };
      const waiting = libraryOf(limited, watched);
      // Until it comes while nothing is left: that is for two seconds, in which a busy machine may not get there.
      const asked = async () => {
        await atOnce();
        seen = [];
        expect((await waiting.clients.list()).data).not.toEqual([]);
        return seen;
      };
      const statuses = await eventually(asked, ([first]) => first === 429);
      expect([statuses.at(0), statuses.at(-1)]).toEqual([429, 200]);
    });
  });
});

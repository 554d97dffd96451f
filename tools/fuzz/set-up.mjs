import { createConnection, Scene, unique } from '../../apps/e2e/dist/driver/index.js';

/** Ids of things that are there, each good for several deletions, and tokens with every scope of each API. */
export async function setUp(installation, file) {
  const scopesOf = (scheme) => {
    const { flows } = file.components.securitySchemes[scheme];
    return Object.keys(flows.authorizationCode.scopes);
  };
  const scopes = scopesOf('myAccount');
  const policies = [{ audience: installation.myAccountAudience, scope: scopes }];
  const refresh_token = { rotation_type: 'non-rotating', expiration_type: 'non-expiring', policies };
  const scene = await Scene.create(installation, { client: { refresh_token } });
  const grants = (await installation.management('GET', `/client-grants?client_id=${scene.client.id}`)).list;
  await installation.manage('PATCH', `/client-grants/${grants[0].id}`, { scope: scopes });
  const caller = await askedFor(installation, scene, scopes);

  const others = [await scene.another(), await scene.another(), await scene.another()];
  for (const one of [scene, ...others]) await one.connect(unique('account'));
  const people = others.map(({ person }) => person.userId);
  const made = async (path, body) => Promise.all([1, 2, 3].map(() => installation.manage('POST', path, body())));
  const clients = await made('/clients', () => ({ name: unique('fuzzed'), oidc_conformant: true }));
  const apis = await made('/resource-servers', () => ({
    identifier: `https://${unique('fuzzed')}.example/`,
    name: 'Fuzzed',
  }));
  const clientGrants = await Promise.all(
    apis.map(({ identifier: audience }) =>
      installation.manage('POST', '/client-grants', { client_id: scene.client.id, audience, scope: [] }),
    ),
  );
  const connections = [];
  for (let i = 0; i < 3; i++) connections.push(await createConnection(installation, { clients: [scene.client] }));
  const list = async (path, member) => {
    const { status, json } = await installation.management('GET', path);
    return status === 200 ? (member ? json[member] : json) : [];
  };
  const ofPeople = async (path, member) =>
    (await Promise.all(people.map((id) => list(`/users/${encodeURIComponent(id)}${path}`, member)))).flat();
  const ids = (things, member = 'id') => things.map((one) => String(one[member]));
  return {
    management: await token(installation, {
      audience: `${installation.url}/api/v2/`,
      client_id: installation.address.managementClientId,
      client_secret: installation.address.managementClientSecret,
    }),
    client: scene.client,
    connection: scene.connection.name,
    refreshToken: scene.tokens.refreshToken,
    myAccount: caller,
    person: scene.tokens.accessToken,
    /** Path by pattern: which ids its parameters have in two of three cases. */
    known: [
      ['^/api/v2/users/', { 'path.id': people, 'path.userId': people }],
      [
        '^/api/v2/users/.*/connected-accounts/',
        { 'path.userId': people, 'path.id': ids(await ofPeople('/connected-accounts', 'connected_accounts')) },
      ],
      [
        '^/api/v2/users/.*/federated',
        { 'path.id': people, 'path.tokenset_id': ids(await ofPeople('/federated-connections-tokensets')) },
      ],
      ['^/api/v2/clients/', { 'path.id': ids(clients, 'client_id') }],
      ['^/api/v2/connections/', { 'path.id': connections.map(({ id }) => id) }],
      ['^/api/v2/client-grants/', { 'path.id': ids(clientGrants) }],
      ['^/api/v2/resource-servers/', { 'path.id': [...ids(apis), apis[0].identifier] }],
      ['^/api/v2/logs/', { 'path.log_id': ids(await list('/logs'), 'log_id') }],
      [
        '^/api/v2/events/',
        { 'path.context': ['connections', 'connected-accounts', 'tokensets', 'exchange', 'identity', 'audit'] },
      ],
      ['^/api/v2/sessions/', { 'path.id': ids(await ofPeople('/sessions', 'sessions')) }],
      [
        '^/api/v2/refresh-tokens',
        { 'path.id': ids(await ofPeople('/refresh-tokens', 'tokens')), 'query.user_id': people },
      ],
      ['^/api/v2/grants', { 'path.id': ids(await list('/grants')), 'query.user_id': people }],
      ['^/api/v2/keys/signing/', { 'path.kid': ids(await list('/keys/signing'), 'kid') }],
      ['^/me/v1/connected-accounts/accounts/', { 'path.id': ids(await scene.accounts()) }],
    ],
  };
}

/** The person's own, with all scopes. */
async function askedFor(installation, { client, tokens }, scopes) {
  return token(installation, {
    grant_type: 'refresh_token',
    refresh_token: tokens.refreshToken,
    audience: installation.myAccountAudience,
    scope: scopes.join(' '),
    client_id: client.id,
    client_secret: client.secret,
  });
}

async function token(installation, form) {
  const answer = await installation.token({ grant_type: 'client_credentials', ...form });
  if (answer.status !== 200) throw new Error(`No token to begin with: ${answer.status} ${answer.text}`);
  return String(answer.json.access_token);
}

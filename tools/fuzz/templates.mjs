const VAULT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';

/** Requests that are right, to be made wrong: what is asked, and with which members. */
export function templatesOf({ client, connection, refreshToken, person, myAccount, management }) {
  const credentials = { client_id: client.id, client_secret: client.secret };
  const exchange = {
    grant_type: VAULT,
    subject_token_type: `${TYPE}refresh_token`,
    subject_token: refreshToken,
    requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
    connection,
  };
  const verifier = 'a'.repeat(43);
  const authorize = {
    ...{ client_id: client.id, response_type: 'code', redirect_uri: 'https://app.example/callback', scope: 'openid' },
    ...{
      state: 's',
      nonce: 'n',
      code_challenge: verifier,
      code_challenge_method: 'S256',
      prompt: 'none',
      max_age: '1',
    },
  };
  const form = (path, members, more = {}) => ({ method: 'POST', path, form: members, ...more });
  const json = (method, path, members, token) => ({ method, path, json: members, token });
  const get = (path, query = {}, token) => ({ method: 'GET', path, query, token });
  const connectBody = {
    ...{ connection, redirect_uri: 'https://app.example/callback', state: 's', scopes: ['a'] },
    ...{ code_challenge: verifier, code_challenge_method: 'S256', authorization_params: { prompt: 'consent' } },
  };
  return [
    form('/oauth/token', { ...exchange, ...credentials, login_hint: 'x', scope: 'a', min_ttl: '1' }),
    form('/oauth/token', exchange, { basic: `${client.id}:${client.secret}` }),
    json('POST', '/oauth/token', { ...exchange, ...credentials }),
    form('/oauth/token', {
      ...exchange,
      subject_token_type: `${TYPE}access_token`,
      subject_token: person,
      ...credentials,
    }),
    form('/oauth/token', { ...exchange, subject_token_type: `${TYPE}jwt`, subject_token: 'a.b.c', ...credentials }),
    form('/oauth/token', {
      ...{ grant_type: EXCHANGE, subject_token_type: `${TYPE}refresh_token`, subject_token: refreshToken },
      ...{ audience: connection, ...credentials },
    }),
    form('/oauth/token', {
      ...exchange,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'a.b.c',
    }),
    form('/oauth/token', { grant_type: 'client_credentials', audience: 'https://api.example/', ...credentials }),
    form('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, scope: 'openid', ...credentials }),
    form('/oauth/token', { grant_type: 'authorization_code', code: 'x', code_verifier: verifier, ...credentials }),
    form('/oauth/par', { ...authorize, ...credentials }),
    form('/oauth/revoke', { token: 'x', token_type_hint: 'refresh_token', ...credentials }),
    form(`/realms/any/broker/${connection}/token`, { token: 'x', ...credentials }),
    get(`/realms/any/broker/${connection}/token`),
    get('/userinfo', {}, person),
    form('/userinfo', { access_token: person }),
    get('/authorize', authorize),
    form('/authorize', authorize),
    get('/oidc/logout', {
      id_token_hint: 'a.b.c',
      client_id: client.id,
      post_logout_redirect_uri: 'https://x.example',
    }),
    get('/v2/logout', { returnTo: 'https://app.example/' }),
    get('/.well-known/openid-configuration'),
    get('/connect', { ticket: 'x' }),
    get('/connected-accounts/connect', { ticket: 'x' }),
    form('/connected-accounts/connect', { csrf: 'x', action: 'accept' }),
    get(`/connect/callback/${connection}`, { code: 'x', state: 'y', iss: 'https://x.example', error: 'z' }),
    form(`/connect/callback/${connection}`, { code: 'x', state: 'y' }),
    get('/u/login/x'),
    form('/u/login/x', { csrf: 'x', username: 'a@example.com', password: 'x' }),
    form('/u/consent/x', { csrf: 'x', action: 'accept' }),
    get('/me/v1/connected-accounts/accounts', { take: '1', from: 'x', connection, details: 'true' }, myAccount),
    get('/me/v1/connected-accounts/connections', { take: '1' }, myAccount),
    get('/me/v1/receipts', { account: 'cac_1', client_id: client.id, from: 'x', take: '1' }, myAccount),
    get('/me/v1/sessions', {}, myAccount),
    json('POST', '/me/v1/connected-accounts/connect', connectBody, myAccount),
    json(
      'POST',
      '/me/v1/connected-accounts/complete',
      { auth_session: 'x', connect_code: 'y', redirect_uri: 'https://app.example/callback', code_verifier: verifier },
      myAccount,
    ),
    json('PATCH', '/me/v1/connected-accounts/accounts/cac_1', { label: 'x' }, myAccount),
    json('PUT', '/me/v1/connected-accounts/accounts/cac_1/pauses/app', undefined, myAccount),
    json('DELETE', '/me/v1/connected-accounts/accounts/cac_1', undefined, myAccount),
    get('/api/v2/clients', { page: '0', per_page: '1', include_totals: 'true', from: 'x', take: '1' }, management),
    get('/api/v2/users', { q: 'x', page: '0', per_page: '1' }, management),
    get('/api/v2/logs', { from: '1', take: '1' }, management),
    get('/api/v2/connections', { take: '1', strategy: 'oauth2', name: connection }, management),
    get('/api/v2/token-vault/check', { client_id: client.id, connection }, management),
    json('POST', '/api/v2/clients', { name: 'n', app_type: 'spa', callbacks: ['https://x.example/'] }, management),
    json('PATCH', '/api/v2/clients/absent', { vault_policy: { connections: ['a'], scopes: [] } }, management),
    json('PATCH', '/api/v2/connections/con_absent', { options: { client_id: 'x', scope: 'y' } }, management),
    json('POST', '/api/v2/users', { email: 'a@example.com', password: 'x', connection: 'x' }, management),
    json('POST', '/api/v2/client-grants', { client_id: 'x', audience: 'y', scope: ['z'] }, management),
    json('DELETE', '/api/v2/connections/con_absent', undefined, management),
  ];
}

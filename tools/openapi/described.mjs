import { errors, tooLong } from './errors.mjs';

/** The routes that no decorator describes: the authorization server, which is the library's or reads forms, and pages. */

const text = (more = {}) => ({ type: 'string', ...more });
const object = (properties, required = []) => ({
  type: 'object',
  ...(required.length ? { required } : {}),
  properties,
});
const json = (description, schema, more = {}) => ({
  description,
  ...more,
  content: { 'application/json': { schema } },
});
const oauthErrors = (...statuses) => errors(statuses, 'OAuthError');
const query = (name, schema = text(), required = false) => ({ name, in: 'query', required, schema });

const VAULT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';
const SUBJECT_TYPES = ['refresh_token', 'access_token', 'jwt'].map((one) => `urn:ietf:params:oauth:token-type:${one}`);
const PLAIN = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const REQUESTED = ['federated-connection-access-token', 'token-vault-access-token'].map(
  (one) => `http://auth0.com/oauth/token-type/${one}`,
);

const clientMembers = {
  client_id: text(),
  client_secret: text(),
  client_assertion: text(),
  client_assertion_type: text({ enum: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'] }),
};
const form = (schema) => ({
  required: true,
  content: { 'application/x-www-form-urlencoded': { schema }, 'application/json': { schema } },
});
const byClient = [{ clientSecret: [] }, {}];

const chosen = {
  login_hint: text({
    description: 'Which of several accounts: its id or e-mail at the provider, our id, or its label.',
  }),
  scope: text({ description: 'Some of what was granted; all of it by default.' }),
  min_ttl: text({ description: 'Whole seconds that the answer should live at least.', pattern: '^[0-9]{1,3}$' }),
};

const grant = (title, type, required, members) => ({
  title,
  ...object({ grant_type: { type: 'string', const: type }, ...members, ...clientMembers }, ['grant_type', ...required]),
});
const tokenRequest = {
  oneOf: [
    grant(
      'The vault: a provider’s access token',
      VAULT,
      ['subject_token_type', 'subject_token', 'requested_token_type', 'connection'],
      {
        subject_token_type: text({ enum: SUBJECT_TYPES }),
        subject_token: text({ minLength: 1 }),
        requested_token_type: text({ enum: REQUESTED }),
        connection: text({ minLength: 1, description: 'The name of the connection, never its id.' }),
        ...chosen,
      },
    ),
    grant('The same in plain RFC 8693', PLAIN, ['subject_token_type', 'subject_token'], {
      subject_token_type: text({ enum: SUBJECT_TYPES.slice(0, 2) }),
      subject_token: text({ minLength: 1 }),
      requested_token_type: text({ enum: [ACCESS_TOKEN, ...REQUESTED] }),
      audience: text({ minLength: 1, description: 'The name of the connection; `connection` means the same.' }),
      connection: text({ minLength: 1 }),
      ...chosen,
    }),
    grant('A code of /authorize', 'authorization_code', ['code'], {
      code: text({ minLength: 1 }),
      redirect_uri: text(),
      code_verifier: text(),
    }),
    grant('A refresh token', 'refresh_token', ['refresh_token'], {
      refresh_token: text({ minLength: 1 }),
      audience: text(),
      scope: text(),
    }),
    grant('A client for itself', 'client_credentials', [], { audience: text(), scope: text() }),
  ],
};
const vaultAnswer = {
  title: 'Of the vault',
  ...object(
    {
      access_token: text({ description: 'The provider’s own.' }),
      token_type: { const: 'Bearer' },
      expires_in: { type: 'number', description: 'Whole seconds that are left now.' },
      scope: text(),
      issued_token_type: text({ enum: [ACCESS_TOKEN, ...REQUESTED] }),
    },
    ['access_token', 'token_type', 'expires_in', 'scope', 'issued_token_type'],
  ),
  additionalProperties: false,
};
const tokenAnswer = {
  oneOf: [
    vaultAnswer,
    {
      title: 'Of every other grant',
      ...object(
        {
          access_token: text(),
          token_type: text({ enum: ['Bearer', 'DPoP'] }),
          expires_in: { type: 'number' },
          scope: text(),
          id_token: text(),
          refresh_token: text(),
        },
        ['access_token', 'token_type', 'expires_in'],
      ),
      additionalProperties: false,
    },
  ],
};

const authorizeMembers = {
  client_id: text(),
  response_type: text({ enum: ['code'] }),
  redirect_uri: text(),
  scope: text(),
  state: text(),
  nonce: text(),
  code_challenge: text(),
  code_challenge_method: text({ enum: ['S256'] }),
  audience: text(),
  connection: text(),
  connection_scope: text(),
  prompt: text(),
  max_age: text(),
  login_hint: text(),
  ui_locales: text(),
  response_mode: text({ enum: ['query', 'fragment', 'form_post', 'web_message'] }),
  dpop_jkt: text(),
  request_uri: text(),
};

const page = { content: { 'text/html': { schema: text() } } };
/** A refusal of a page is a page; of one whose request cannot even be read, an error as JSON. */
const pageOrError = {
  content: {
    'text/html': { schema: text() },
    'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } },
  },
};
const refusedPages = (...statuses) =>
  Object.fromEntries(statuses.map((status) => [status, { description: 'A page that says why not.', ...pageOrError }]));
const elsewhere = {
  description: 'On to the next page, or back to the application.',
  headers: { Location: { required: true, schema: text() } },
};
const browser = (summary, more = {}) => ({
  tags: ['Pages'],
  summary,
  security: [],
  ...more,
  responses: {
    200: { description: 'A page.', ...page },
    302: elsewhere,
    303: elsewhere,
    ...tooLong,
    ...refusedPages(400, 401, 403, 404, 409, 413, 414, 415, 429, 502, 503),
    ...more.responses,
  },
});
const pageForm = (members) => ({
  requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema: object(members) } } },
});
const lookAhead = { 204: { description: 'Whoever only looks ahead gets nothing, and nothing is spent.' } };

const server = (summary, more) => ({ tags: ['Authorization server'], summary, ...more });
const discovery = server('What clients learn of this server', {
  security: [],
  responses: {
    200: json(
      'RFC 8414, OpenID Connect Discovery 1.0.',
      object(
        {
          issuer: text({ format: 'uri' }),
          authorization_endpoint: text({ format: 'uri' }),
          token_endpoint: text({ format: 'uri' }),
          jwks_uri: text({ format: 'uri' }),
        },
        ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'response_types_supported'],
      ),
    ),
    ...oauthErrors(503),
  },
});
const challenge = { 'WWW-Authenticate': { description: 'RFC 6750 §3.', schema: text() } };
const userinfo = server('Who the person of a token is', {
  security: [{ person: ['openid'] }],
  responses: {
    200: json('OpenID Connect Core §5.3.', object({ sub: text() }, ['sub'])),
    ...errors([400, 401, 403], 'OAuthError', challenge),
    ...oauthErrors(415, 429, 503),
  },
});
const parameters = Object.entries(authorizeMembers).map(([name, schema]) => query(name, schema));

const LOGOUT = ['client_id', 'logout_hint', 'id_token_hint'];
const logout = (...more) => [...LOGOUT, ...more].map((name) => query(name));

const ROUTES = {
  'GET /api/v2/openapi.json': {
    tags: ['Management API'],
    summary: 'This file',
    security: [],
    responses: { 200: json('OpenAPI 3.1.', object({ openapi: text() }, ['openapi'])) },
  },
  'POST /oauth/token': server('Tokens: the vault’s, and every other grant', {
    security: byClient,
    requestBody: form(tokenRequest),
    responses: {
      200: json('A token.', tokenAnswer),
      ...oauthErrors(400, 401, 403, 413, 429, 502, 503),
    },
  }),
  'POST /realms/:realm/broker/:connection/token': server('The provider’s access token, at the path that Keycloak has', {
    security: byClient,
    requestBody: {
      required: true,
      content: {
        'application/x-www-form-urlencoded': {
          schema: object({ token: text({ minLength: 1 }), ...chosen, ...clientMembers }, ['token']),
        },
      },
    },
    responses: { 200: json('A token.', vaultAnswer), ...oauthErrors(400, 401, 403, 404, 413, 414, 429, 502, 503) },
  }),
  'GET /realms/:realm/broker/:connection/token': server('Not offered: names the POST form', {
    security: [],
    responses: {
      ...oauthErrors(400, 404, 414),
      ...errors([405], 'OAuthError', { Allow: { required: true, schema: text({ enum: ['POST'] }) } }),
    },
  }),
  'POST /oauth/revoke': server('Ends a token', {
    security: byClient,
    requestBody: form(object({ token: text(), token_type_hint: text(), ...clientMembers }, ['token'])),
    responses: { 200: { description: 'Done, whatever the token was.' }, ...oauthErrors(400, 401, 413, 415, 429, 503) },
  }),
  'POST /oauth/par': server('Leaves an authorization request here, to be named at /authorize', {
    security: byClient,
    requestBody: form(object({ ...authorizeMembers, ...clientMembers })),
    responses: {
      201: json(
        'RFC 9126 §2.2.',
        object({ request_uri: text(), expires_in: { type: 'integer', minimum: 1 } }, ['request_uri', 'expires_in']),
      ),
      ...oauthErrors(400, 401, 403, 413, 415, 429, 503),
    },
  }),
  'GET /userinfo': userinfo,
  'POST /userinfo': userinfo,
  'GET /.well-known/openid-configuration': discovery,
  'GET /.well-known/oauth-authorization-server': discovery,
  'GET /.well-known/jwks.json': server('The public keys that tokens are signed with', {
    security: [],
    responses: {
      200: json('RFC 7517.', object({ keys: { type: 'array', items: { type: 'object' } } }, ['keys'])),
      ...oauthErrors(503),
    },
  }),
  'GET /authorize': browser('Begins a sign-in', { parameters }),
  'POST /authorize': browser('The same from a form', pageForm(authorizeMembers)),
  'GET /authorize/:uid': browser('Goes on after a page'),
  'GET /u/login/:uid': browser('The sign-in page'),
  'POST /u/login/:uid': browser('Signs in', pageForm({ csrf: text(), username: text(), password: text() })),
  'GET /u/select/:uid': browser('Asks which account'),
  'POST /u/select/:uid': browser('Answers that', pageForm({ csrf: text(), action: text() })),
  'GET /u/mfa/:uid': browser('The page of the second factor'),
  'POST /u/mfa/:uid': browser('Answers that', pageForm({ csrf: text(), action: text() })),
  'GET /oidc/logout': browser('Signs out', { parameters: logout('post_logout_redirect_uri', 'state') }),
  'POST /oidc/logout': browser(
    'The same from a form',
    pageForm(Object.fromEntries([...LOGOUT, 'post_logout_redirect_uri', 'state'].map((name) => [name, text()]))),
  ),
  'GET /v2/logout': browser('Signs out, the older way', { parameters: logout('returnTo') }),
  'GET /u/consent/:uid': browser('Asks whether an application may'),
  'POST /u/consent/:uid': browser(
    'Answers that',
    pageForm({ csrf: text(), action: text({ enum: ['accept', 'deny'] }) }),
  ),
  'GET /connect': browser('The shorter address of the connect page', {
    parameters: [query('ticket')],
    responses: lookAhead,
  }),
  'GET /connected-accounts/connect': browser('Begins connecting an account', {
    parameters: [query('ticket')],
    responses: lookAhead,
  }),
  'POST /connected-accounts/connect': browser(
    'Answers whether the account shall be connected',
    pageForm({ csrf: text(), action: text({ enum: ['accept', 'deny'] }) }),
  ),
  'GET /connected-accounts/connect/signed-in': browser('Goes on after the sign-in', { responses: lookAhead }),
  'GET /connect/callback/:connection': browser('Where a provider sends the browser back to', { responses: lookAhead }),
  'POST /connect/callback/:connection': browser('The same for providers that answer by a form', pageForm({})),
};

/** The entry of a route, but for its path parameters; undefined: nobody has described it. */
export function described(method, path) {
  const found = ROUTES[`${method} ${path}`];
  if (found) return found;
  if (method === 'GET' && path.endsWith('.css'))
    return {
      tags: ['Pages'],
      summary: 'How pages look',
      security: [],
      responses: { 200: { description: 'Styles.', content: { 'text/css': { schema: text() } } } },
    };
  return undefined;
}

/** Served, but by no controller: the library's own, and what is a file. */
export const WITHOUT_CONTROLLER = [
  'GET /authorize',
  'POST /authorize',
  'GET /authorize/:uid',
  'GET /api/v2/openapi.json',
].map((one) => {
  const [method, path] = one.split(' ');
  return { method, path, api: null };
});

/** What a request and its answers look like, for the routes that applications touch; `openapi.spec.ts` tries each. */

const VAULT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';
const PLAIN = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';
const REQUESTED = 'http://auth0.com/oauth/token-type/federated-connection-access-token';
const MY_ACCOUNT = 'https://vault.example.com/me/v1/connected-accounts';

const client = { client_id: 'acme-assistant', client_secret: 'cnry_cs_example' };
const given = { access_token: 'cnry_at_of_the_provider', token_type: 'Bearer', expires_in: 1377, scope: 'read write' };
const account = { id: 'cac_6hT0aZ31bq', login_hint: '108302' };
const refusal = (error, error_description, error_details) => ({
  error,
  error_description,
  ...(error_details ? { error_details } : {}),
});
const problem = (code, title, detail, more = {}) => ({
  type: `https://auth0.com/api-errors/${code}`,
  title,
  status: Number(code.slice(4, 7)),
  detail,
  ...more,
});
const connected = {
  id: account.id,
  connection: 'acme-crm',
  access_type: 'offline',
  scopes: ['contacts.read'],
  created_at: '2026-03-02T09:14:55.120Z',
};

const refusedExchange = {
  'of several accounts none was chosen': refusal(
    'invalid_request',
    'Several accounts are connected: name one of them with login_hint.',
    {
      reason: 'account_ambiguous',
      connection: 'acme-crm',
      accounts: [
        { ...account, label: 'Work' },
        { id: 'cac_Zk81mQx02f', login_hint: '220417', label: null },
      ],
    },
  ),
};

/** By method and path; `request` and each status hold named examples. */
export const EXAMPLES = {
  'POST /oauth/token': {
    request: {
      'with a refresh token': {
        grant_type: VAULT,
        subject_token_type: `${TYPE}refresh_token`,
        subject_token: 'cnry_rt_of_ours',
        requested_token_type: REQUESTED,
        connection: 'acme-crm',
        ...client,
      },
      'with an access token, of one account, as an API does': {
        grant_type: VAULT,
        subject_token_type: `${TYPE}access_token`,
        subject_token: 'cnry_at_of_ours',
        requested_token_type: REQUESTED,
        connection: 'acme-crm',
        login_hint: account.login_hint,
        ...client,
      },
      'in plain RFC 8693, for less than was granted': {
        grant_type: PLAIN,
        subject_token_type: `${TYPE}access_token`,
        subject_token: 'cnry_at_of_ours',
        audience: 'acme-crm',
        scope: 'read',
        ...client,
      },
    },
    200: { "the provider's token": { ...given, issued_token_type: REQUESTED } },
    400: refusedExchange,
    401: {
      'nothing is connected': refusal(
        'federated_connection_refresh_token_not_found',
        'Federated connection Refresh Token not found.',
        {
          reason: 'tokenset_not_found',
          cause: null,
          connection: 'acme-crm',
          account: null,
          missing_scopes: [],
          connect: { endpoint: `${MY_ACCOUNT}/connect`, body: { connection: 'acme-crm' } },
        },
      ),
      'it must be connected again': refusal(
        'federated_connection_refresh_token_flow_failed',
        'Refresh Token flow for the Federated Connection failed: the provider no longer accepts the grant. ' +
          'Ask the person to connect again.',
        {
          reason: 'reconnect_required',
          cause: 'revoked_or_expired',
          connection: 'acme-crm',
          account,
          missing_scopes: [],
          connect: {
            endpoint: `${MY_ACCOUNT}/connect`,
            body: { connection: 'acme-crm', connected_account_id: account.id, scopes: ['read', 'write'] },
          },
        },
      ),
    },
    403: {
      "the client's policy forbids it": refusal(
        'access_denied',
        'The policy of this client does not list the connection (vault_policy.connections). ' +
          'An administrator can change it with update:clients.',
        { reason: 'client_policy', connection: 'acme-crm' },
      ),
    },
    429: {
      'the client asks too often': refusal(
        'too_many_requests',
        'More than 30 exchanges in a minute (vault_policy.exchanges_per_minute of this client). ' +
          'Wait as long as Retry-After says, and keep tokens until they end.',
        { reason: 'rate_limited', retry_after: 41 },
      ),
    },
    503: {
      'the provider does not answer': refusal(
        'temporarily_unavailable',
        'The provider is unavailable. Try again; the account is kept.',
        { reason: 'provider_unavailable', connection: 'acme-crm', retry_after: 5 },
      ),
    },
  },
  'POST /realms/:realm/broker/:connection/token': {
    request: { 'with an access token': { token: 'cnry_at_of_ours', ...client } },
    200: { "the provider's token": { ...given, issued_token_type: `${TYPE}access_token` } },
    400: refusedExchange,
  },
  'POST /me/v1/connected-accounts/connect': {
    request: {
      'with PKCE': {
        connection: 'acme-crm',
        redirect_uri: 'https://app.example/connected',
        state: '9f2c',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        scopes: ['contacts.read'],
      },
      'of the same account once more': {
        connection: 'acme-crm',
        redirect_uri: 'https://app.example/connected',
        connected_account_id: account.id,
      },
    },
    201: {
      begun: {
        auth_session: 'cnry_auth_session',
        connect_uri: 'https://vault.example.com/connected-accounts/connect',
        connect_params: { ticket: 'cnry_ticket' },
        expires_in: 300,
      },
    },
    400: {
      'an address that is no callback': problem('A0E-400-0003', 'Validation Error', 'Invalid request payload input', {
        validation_errors: [
          {
            detail: 'must be one of the callbacks of the client',
            field: 'redirect_uri',
            pointer: '/redirect_uri',
            source: 'body',
          },
        ],
      }),
    },
  },
  'POST /me/v1/connected-accounts/complete': {
    request: {
      'what came back with the browser': {
        auth_session: 'cnry_auth_session',
        connect_code: 'cnry_connect_code',
        redirect_uri: 'https://app.example/connected',
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      },
    },
    201: {
      'all was granted': connected,
      'some was not, and there is no refresh token': {
        ...connected,
        missing_scopes: ['contacts.write'],
        warnings: ['no_refresh_token'],
        expires_at: '2026-03-02T10:14:55.120Z',
      },
    },
  },
  'GET /me/v1/connected-accounts/accounts': {
    200: {
      'a page of several': { accounts: [{ ...connected, label: 'Work' }], next: 'cnry_next' },
      'with details=true': {
        accounts: [
          {
            ...connected,
            status: 'reconnect_required',
            reason: 'revoked_or_expired',
            label: 'Work',
            last_used_at: '2026-03-04T00:00:00.000Z',
            paused_clients: ['acme-assistant'],
          },
        ],
      },
    },
  },
  'GET /me/v1/connected-accounts/connections': {
    200: {
      'what this client may connect': {
        connections: [{ name: 'acme-crm', strategy: 'oauth2', scopes: ['contacts.read'] }],
      },
    },
  },
  'PATCH /api/v2/clients/:id': {
    request: {
      'a policy': {
        vault_policy: {
          connections: ['acme-crm'],
          scopes: ['contacts.read'],
          exchanges_per_minute: 30,
          expires_at: '2027-01-31T18:00:00Z',
        },
      },
      'no policy any more': { vault_policy: null },
    },
  },
  'GET /api/v2/token-vault/check': {
    200: {
      'a setting that is missing': {
        ok: false,
        checks: [
          {
            name: 'policy_connections',
            ok: false,
            setting: 'client.vault_policy.connections',
            found: ['github'],
            expected: 'absent, or with this connection',
            remedy: 'Add the connection to vault_policy.connections, or take that member away.',
          },
        ],
      },
    },
  },
};

const named = (examples) => Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
const into = ({ content, ...about }, examples) => ({
  ...about,
  content: Object.fromEntries(
    Object.entries(content).map(([type, media]) => [type, { ...media, examples: named(examples) }]),
  ),
});

/** The operation with the examples of its route, if it has any. */
export function withExamples({ method, path }, operation) {
  const { request, ...answers } = EXAMPLES[`${method} ${path}`] ?? {};
  const responses = Object.entries(answers).map(([status, examples]) => [
    status,
    into(operation.responses[status], examples),
  ]);
  return {
    ...operation,
    ...(request ? { requestBody: into(operation.requestBody, request) } : {}),
    responses: { ...operation.responses, ...Object.fromEntries(responses) },
  };
}

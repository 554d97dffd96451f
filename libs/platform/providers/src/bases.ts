import type { ProviderEntry, ProviderSettings } from './provider-entry.js';

/** Every default of the engine. An entry says only what it does otherwise. */
const oauth2: ProviderEntry = {
  kind: 'oauth2',
  endpoints: {},
  clientAuth: {
    methods: ['client_secret_post'],
    basicEncoding: 'rfc6749',
    assertion: { audience: 'token_endpoint', algs: ['PS256', 'ES256', 'RS256'] },
  },
  pkce: 'unknown',
  authorization: {
    scopeParam: 'scope',
    scopeDelimiter: ' ',
    scopeCase: 'as-is',
    baseScopes: [],
    offlineScopes: [],
    params: {},
    offlineParams: {},
    reconnectParams: {},
    passthrough: ['login_hint'],
    nonce: false,
    iss: 'auto',
    callback: { codeParam: 'code', capture: [] },
  },
  tokenRequest: {
    encoding: 'form',
    headers: { Accept: 'application/json' },
    exchangeParams: {},
    refreshParams: {},
    refreshGrantType: 'refresh_token',
    refreshRedirectUri: false,
    refreshScope: 'never',
  },
  tokenResponse: {
    formats: ['json'],
    success: [],
    paths: {
      accessToken: ['/access_token'],
      refreshToken: ['/refresh_token'],
      tokenType: ['/token_type'],
      expiresIn: ['/expires_in'],
      expiresAt: [],
      issuedAt: [],
      refreshExpiresIn: ['/refresh_token_expires_in'],
      scope: ['/scope'],
      idToken: ['/id_token'],
    },
    refreshPaths: {},
    defaultTokenType: 'Bearer',
    noExpiry: 'non-expiring',
    issuedAtUnit: 's',
    expiryFrom: 'now',
    scopeDelimiter: 'auto',
    scopeAbsent: 'assume-requested',
    extras: {},
  },
  idToken: { algs: ['RS256', 'PS256', 'ES256', 'EdDSA'], clockSkewSeconds: 60 },
  refresh: {
    mode: 'optional',
    reuse: 'unknown',
    onAmbiguous: 'retry-once',
    invalidatesAccessToken: false,
    idleSeconds: null,
    absoluteSeconds: null,
    accessTtlSeconds: null,
    skewSeconds: 30,
    keepAliveSeconds: null,
  },
  errors: {
    code: ['/error'],
    description: ['/error_description'],
    subcode: [],
    echoesSecrets: false,
    // Transport, limits and outages come before OAuth codes: a gateway that decorates an outage must not end a grant.
    rules: [
      { when: { network: true }, class: 'retry' },
      { when: { phase: ['exchange', 'refresh', 'identity', 'revoke'], status: ['3xx'] }, class: 'malformed' },
      { when: { status: ['429'] }, class: 'rate_limited' },
      { when: { code: ['slow_down'] }, class: 'rate_limited' },
      { when: { code: ['temporarily_unavailable', 'server_error'] }, class: 'retry' },
      { when: { status: ['408', '5xx'] }, class: 'retry' },
      { when: { phase: ['authorize'], code: ['access_denied'] }, class: 'user_denied' },
      {
        when: { code: ['interaction_required', 'login_required', 'consent_required', 'account_selection_required'] },
        class: 'step_up',
      },
      { when: { phase: ['refresh'], code: ['invalid_grant'] }, class: 'reconnect' },
      { when: { phase: ['exchange'], code: ['invalid_grant'] }, class: 'restart_flow' },
      { when: { phase: ['revoke'], code: ['invalid_token', 'invalid_grant'] }, class: 'reconnect' },
      { when: { code: ['invalid_client', 'unauthorized_client'] }, class: 'client_config' },
      { when: { code: ['invalid_scope'] }, class: 'insufficient_scope' },
      {
        when: { code: ['invalid_request', 'unsupported_grant_type', 'unsupported_response_type'] },
        class: 'bug',
      },
      { when: { phase: ['api', 'identity'], status: ['401'] }, class: 'reconnect' },
    ],
  },
  rateLimit: { statuses: [429], retryAfter: [{ header: 'retry-after', format: 'delta-or-date' }] },
  identity: { subject: [], tenant: [], label: [], email: [], emailVerified: [], subjectScope: 'unknown' },
};

const oidc: ProviderSettings = {
  kind: 'oidc',
  clientAuth: { methods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] },
  pkce: 'supported',
  authorization: { baseScopes: ['openid'], offlineScopes: ['offline_access'], nonce: true },
  identity: {
    subject: ['id_token#/sub', 'userinfo#/sub'],
    label: [
      'id_token#/email',
      'userinfo#/email',
      'id_token#/preferred_username',
      'userinfo#/preferred_username',
      'id_token#/name',
    ],
    email: ['id_token#/email', 'userinfo#/email'],
    emailVerified: ['id_token#/email_verified', 'userinfo#/email_verified'],
    subjectScope: 'per-client',
  },
};

export const bases = { oauth2, oidc };

/** Names a caller of the connect flow may set; a generic provider is handed all of them. */
const CALLERS = [
  'login_hint',
  'prompt',
  'max_age',
  'ui_locales',
  'acr_values',
  'display',
  'audience',
  'resource',
  'id_token_hint',
];

export interface CatalogueEntry extends ProviderSettings {
  extends: keyof typeof bases;
}

/** What can be connected, by the Management API's `strategy`. */
export const catalogue: Record<string, CatalogueEntry> = {
  oauth2: { extends: 'oauth2', authorization: { passthrough: CALLERS } },
  oidc: { extends: 'oidc', authorization: { reconnectParams: { prompt: 'consent' }, passthrough: CALLERS } },
};

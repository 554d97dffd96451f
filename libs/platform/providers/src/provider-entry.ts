/**
 * What can be said about a provider (`spec/providers.md` §2). The shapes are those of
 * `catalogue/provider-catalog.schema.json`, which is what a value is checked against; here they have names.
 */
export type ClientAuthMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'client_secret_jwt'
  | 'none'
  | 'secret_as_basic_username'
  | 'secret_as_bearer'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth';

export type Phase = 'authorize' | 'exchange' | 'refresh' | 'identity' | 'revoke' | 'api';

/** What a provider's refusal means for the grant (`spec/providers.md` §6). */
export type ErrorClass =
  | 'race'
  | 'retry'
  | 'rate_limited'
  | 'reconnect'
  | 'step_up'
  | 'admin_blocked'
  | 'client_config'
  | 'insufficient_scope'
  | 'restart_flow'
  | 'user_denied'
  | 'bug'
  | 'malformed'
  | 'unknown';

export type Strings = Record<string, string>;
/** RFC 6901. */
export type Pointer = string;
/** `document#pointer`. */
export type Source = string;

export interface ErrorRule {
  when: {
    phase?: Phase[];
    status?: string[];
    code?: string[];
    subcode?: string[];
    descriptionMatches?: string;
    bodyEquals?: Record<string, unknown>;
    network?: boolean;
  };
  class: ErrorClass;
  note?: string;
}

export type ParamSource = 'admin' | 'user' | 'callback' | 'id_token';

export interface ProviderParam {
  /** Keeps a value from becoming another host. */
  pattern: string;
  default?: string;
  required?: boolean;
  /** By default the administrator's. */
  source?: ParamSource;
  /** The connection option, where it is not called like the parameter. */
  option?: string;
  /** Another parameter: where its value is of this one's pattern too, both must be equal. */
  equals?: string;
}

/** A permission that people ask for. */
export interface ProviderScope {
  value: string;
  label: string;
  keywords?: string[];
  sensitive?: boolean;
  /** Booleans of the connection's options that add it. */
  option?: string | string[];
  /** Other spellings in answers. */
  same?: string[];
  /** Granted along with it. */
  includes?: string[];
}

export interface TokenPaths {
  accessToken?: Pointer[];
  refreshToken?: Pointer[];
  tokenType?: Pointer[];
  expiresIn?: Pointer[];
  expiresAt?: Pointer[];
  issuedAt?: Pointer[];
  refreshExpiresIn?: Pointer[];
  scope?: Pointer[];
  idToken?: Pointer[];
}

export interface Predicate {
  path: Pointer;
  equals: unknown;
}

export interface CallbackSignature {
  param: string;
  /** The only way there is, whether an entry says so or not. */
  alg?: 'hmac-sha256-hex';
  key?: 'client_secret';
  over?: 'sorted-query-without-param';
}

export interface IdentityCall {
  method?: 'GET' | 'POST';
  url?: string;
  headers?: Strings;
  body?: unknown;
  /** What label and e-mail need besides; not added by themselves. */
  scopes?: string[];
}

export interface Revocation {
  support: 'rfc7009' | 'custom' | 'none';
  method: 'POST' | 'GET' | 'DELETE';
  url?: string;
  auth: 'client' | 'basic-client' | 'bearer' | 'secret_as_bearer' | 'none';
  in: 'form' | 'query' | 'json' | 'path' | 'none';
  params?: Strings;
  token: 'refresh-then-access' | 'refresh' | 'access' | 'both';
  okStatuses: number[];
  goneStatuses: number[];
  success?: Predicate[];
  effect: 'token' | 'pair' | 'grant' | 'project' | 'refresh-only' | 'unknown';
  manageUrl?: string;
}

/** An entry merged over its base: everything is there but what has no default. */
export interface ProviderEntry {
  kind: 'oauth2' | 'oidc';
  category: 'social' | 'enterprise' | 'generic';
  whenRefreshable?: string;
  params: Record<string, ProviderParam>;
  endpoints: {
    issuer?: string;
    discovery?: string;
    authorization?: string;
    token?: string;
    refresh?: string;
    revocation?: string;
    introspection?: string;
    userinfo?: string;
    jwks?: string;
    formerTokenOrigins?: string[];
  };
  registerUrl?: string;
  clientAuth: {
    methods: ClientAuthMethod[];
    basicEncoding: 'rfc6749' | 'raw';
    refreshMethods?: ClientAuthMethod[];
    assertion: { audience: 'token_endpoint' | 'issuer'; algs: string[] };
  };
  pkce: 'required' | 'supported' | 'unsupported' | 'unknown';
  authorization: {
    scopeParam: string;
    scopeDelimiter: string;
    scopeCase: 'as-is' | 'lower';
    baseScopes: string[];
    offlineScopes: string[];
    params: Strings;
    offlineParams: Strings;
    reconnectParams: Strings;
    passthrough: string[];
    nonce: boolean;
    codeTtlSeconds?: number;
    iss: 'auto' | 'require' | 'if-present' | 'ignore';
    /** Scopes that are URIs must all be of one resource. */
    singleResource?: boolean;
    callback: { codeParam: string; capture: string[]; signature?: CallbackSignature };
  };
  scopes: ProviderScope[];
  tokenRequest: {
    encoding: 'form' | 'json';
    refreshEncoding?: 'form' | 'json';
    headers: Strings;
    exchangeParams: Strings;
    refreshParams: Strings;
    refreshGrantType: string | null;
    refreshRedirectUri: boolean;
    refreshScope: 'never' | 'always' | 'when-narrowing';
  };
  tokenResponse: {
    formats: ('json' | 'form')[];
    success: Predicate[];
    paths: Required<TokenPaths>;
    refreshPaths: TokenPaths;
    defaultTokenType: string;
    noExpiry: 'non-expiring' | 'default' | 'introspect';
    defaultTtlSeconds?: number;
    issuedAtUnit: 's' | 'ms';
    expiryFrom: 'now' | 'issuedAt';
    scopeDelimiter: 'auto' | ' ' | ',';
    scopeAbsent: 'assume-requested' | 'keep-previous' | 'none';
    extras: Record<string, Pointer>;
  };
  idToken: { algs: string[]; clockSkewSeconds: number };
  refresh: {
    mode: 'none' | 'static' | 'optional' | 'rotating';
    reuse: 'revokes-grant' | 'rejected' | 'grace' | 'tolerated' | 'unknown';
    graceSeconds?: number;
    onAmbiguous: 'retry-same' | 'retry-once';
    invalidatesAccessToken: boolean;
    idleSeconds: number | null;
    absoluteSeconds: number | null;
    accessTtlSeconds: number | null;
    skewSeconds: number;
    keepAliveSeconds: number | null;
    maxLive?: { count?: number; per?: string; overflow?: 'evicts-oldest' | 'evicts-all-others' | 'rejects' };
  };
  errors: {
    code: Pointer[];
    description: Pointer[];
    subcode: Pointer[];
    echoesSecrets: boolean;
    rules: ErrorRule[];
  };
  rateLimit: {
    statuses: number[];
    retryAfter: { header: string; format: 'delta-or-date' | 'unix-s' | 'unix-ms' }[];
    exhausted?: { header: string; equals?: string };
    budgetPerSecond?: number;
    note?: string;
  };
  revocation: Revocation;
  identity: {
    request?: IdentityCall;
    subject: (Source | Source[])[];
    tenant: Source[];
    label: Source[];
    email: Source[];
    emailVerified: Source[];
    requireClaims?: Strings;
    subjectScope: 'global' | 'per-client' | 'per-tenant' | 'unknown';
    issuerFrom?: Source;
  };
  docs: string[];
  unconfirmed: string[];
}

type Partly<T> = T extends unknown[] ? T : T extends object ? { [K in keyof T]?: Partly<T[K]> | undefined } : T;

/** An entry or the settings of one connection: only what differs. */
export type ProviderSettings = Partly<ProviderEntry>;

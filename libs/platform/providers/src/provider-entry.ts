import { z } from 'zod';

/**
 * What can be said about a provider: the fields of `spec/providers.md` §2.1, each optional, because an entry says
 * only what differs from its base. Unknown fields are refused, so that a misspelt one is noticed.
 */
const pointer = z.string().regex(/^(\/.*)?$/, 'must be a JSON pointer');
const pointers = z.array(pointer);
const source = z
  .string()
  .regex(/^(id_token|userinfo|request|token|callback|param)#(\/.*)?$/, 'must be document#pointer');
const sources = z.array(source);
const FORBIDDEN_NAMES = ['__proto__', 'constructor', 'prototype'];
const strings = z
  .record(z.string(), z.string())
  .refine((value) => !Object.keys(value).some((name) => FORBIDDEN_NAMES.includes(name)), 'has a forbidden name');
const predicates = z.array(z.strictObject({ path: pointer, equals: z.unknown() }));
const method = z.enum([
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'client_secret_jwt',
  'none',
  'secret_as_basic_username',
  'secret_as_bearer',
  'tls_client_auth',
  'self_signed_tls_client_auth',
]);
export type ClientAuthMethod = z.infer<typeof method>;

export const phases = ['authorize', 'exchange', 'refresh', 'identity', 'revoke', 'api'] as const;
export type Phase = (typeof phases)[number];

const classes = [
  'race',
  'retry',
  'rate_limited',
  'reconnect',
  'step_up',
  'admin_blocked',
  'client_config',
  'insufficient_scope',
  'restart_flow',
  'user_denied',
  'bug',
  'malformed',
  'unknown',
] as const;
/** What a provider's refusal means for the grant (`spec/providers.md` §6). */
export type ErrorClass = (typeof classes)[number];

/**
 * Plain words, alternatives, anchors and at most two gaps (`.*`): nothing in here can make matching slow, whatever
 * text the provider sends.
 */
const linearExpression = z
  .string()
  .max(500)
  .regex(/^(?:[\w\s'",:;=/@-]|\\[.bds()[\]?*+|]|[|^$.](?!\*)|\.\*)*$/, 'must be plain words, | ^ $ . and .*')
  .refine((value) => value.split('.*').length <= 3, 'has more than two gaps');

const rule = z.strictObject({
  when: z.strictObject({
    phase: z.array(z.enum(phases)).optional(),
    status: z.array(z.string().regex(/^[1-5](\d\d|xx)$/, 'must be a status or a class such as 5xx')).optional(),
    code: z.array(z.string()).optional(),
    subcode: z.array(z.string()).optional(),
    descriptionMatches: linearExpression.optional(),
    bodyEquals: z.record(z.string(), z.unknown()).optional(),
    network: z.boolean().optional(),
  }),
  class: z.enum(classes),
  note: z.string().optional(),
});
export type ErrorRule = z.infer<typeof rule>;

const tokenPaths = z.strictObject({
  accessToken: pointers.optional(),
  refreshToken: pointers.optional(),
  tokenType: pointers.optional(),
  expiresIn: pointers.optional(),
  expiresAt: pointers.optional(),
  issuedAt: pointers.optional(),
  refreshExpiresIn: pointers.optional(),
  scope: pointers.optional(),
  idToken: pointers.optional(),
});
const seconds = z.number().int().positive().nullable();

export const providerSettings = z.strictObject({
  category: z.enum(['social', 'enterprise', 'generic']).optional(),
  kind: z.enum(['oauth2', 'oidc']).optional(),
  endpoints: z
    .strictObject({
      issuer: z.string().optional(),
      discovery: z.string().optional(),
      authorization: z.string().optional(),
      token: z.string().optional(),
      refresh: z.string().optional(),
      revocation: z.string().optional(),
      introspection: z.string().optional(),
      userinfo: z.string().optional(),
      jwks: z.string().optional(),
    })
    .optional(),
  clientAuth: z
    .strictObject({
      methods: z.array(method).min(1).optional(),
      basicEncoding: z.enum(['rfc6749', 'raw']).optional(),
      refreshMethods: z.array(method).min(1).optional(),
      assertion: z
        .strictObject({
          audience: z.enum(['token_endpoint', 'issuer']).optional(),
          algs: z.array(z.string()).optional(),
        })
        .optional(),
    })
    .optional(),
  pkce: z.enum(['required', 'supported', 'unsupported', 'unknown']).optional(),
  authorization: z
    .strictObject({
      scopeParam: z.string().optional(),
      scopeDelimiter: z.string().optional(),
      scopeCase: z.enum(['as-is', 'lower']).optional(),
      baseScopes: z.array(z.string()).optional(),
      offlineScopes: z.array(z.string()).optional(),
      params: strings.optional(),
      offlineParams: strings.optional(),
      reconnectParams: strings.optional(),
      passthrough: z.array(z.string()).optional(),
      nonce: z.boolean().optional(),
      codeTtlSeconds: z.number().int().optional(),
      iss: z.enum(['auto', 'require', 'if-present', 'ignore']).optional(),
      callback: z
        .strictObject({ codeParam: z.string().optional(), capture: z.array(z.string()).optional() })
        .optional(),
    })
    .optional(),
  tokenRequest: z
    .strictObject({
      encoding: z.enum(['form', 'json']).optional(),
      refreshEncoding: z.enum(['form', 'json']).optional(),
      headers: strings.optional(),
      exchangeParams: strings.optional(),
      refreshParams: strings.optional(),
      refreshGrantType: z.string().nullable().optional(),
      refreshRedirectUri: z.boolean().optional(),
      refreshScope: z.enum(['never', 'always', 'when-narrowing']).optional(),
    })
    .optional(),
  tokenResponse: z
    .strictObject({
      formats: z.array(z.enum(['json', 'form'])).optional(),
      success: predicates.optional(),
      paths: tokenPaths.optional(),
      refreshPaths: tokenPaths.optional(),
      defaultTokenType: z.string().optional(),
      noExpiry: z.enum(['non-expiring', 'default', 'introspect']).optional(),
      defaultTtlSeconds: z.number().int().positive().optional(),
      issuedAtUnit: z.enum(['s', 'ms']).optional(),
      expiryFrom: z.enum(['now', 'issuedAt']).optional(),
      scopeDelimiter: z.enum(['auto', ' ', ',']).optional(),
      scopeAbsent: z.enum(['assume-requested', 'keep-previous', 'none']).optional(),
      extras: z.record(z.string(), pointer).optional(),
    })
    .optional(),
  idToken: z
    .strictObject({
      algs: z.array(z.string()).optional(),
      clockSkewSeconds: z.number().int().min(0).max(600).optional(),
    })
    .optional(),
  refresh: z
    .strictObject({
      mode: z.enum(['none', 'static', 'optional', 'rotating']).optional(),
      reuse: z.enum(['revokes-grant', 'rejected', 'grace', 'tolerated', 'unknown']).optional(),
      graceSeconds: z.number().int().min(0).optional(),
      onAmbiguous: z.enum(['retry-same', 'retry-once']).optional(),
      invalidatesAccessToken: z.boolean().optional(),
      idleSeconds: seconds.optional(),
      absoluteSeconds: seconds.optional(),
      accessTtlSeconds: seconds.optional(),
      skewSeconds: z.number().int().min(0).max(600).optional(),
      keepAliveSeconds: seconds.optional(),
    })
    .optional(),
  errors: z
    .strictObject({
      code: pointers.optional(),
      description: pointers.optional(),
      subcode: pointers.optional(),
      echoesSecrets: z.boolean().optional(),
      rules: z.array(rule).optional(),
    })
    .optional(),
  rateLimit: z
    .strictObject({
      statuses: z.array(z.number().int()).optional(),
      retryAfter: z
        .array(z.strictObject({ header: z.string(), format: z.enum(['delta-or-date', 'unix-s', 'unix-ms']) }))
        .optional(),
      exhausted: z.strictObject({ header: z.string(), equals: z.string() }).optional(),
      budgetPerSecond: z.number().positive().optional(),
    })
    .optional(),
  identity: z
    .strictObject({
      request: z
        .strictObject({
          method: z.enum(['GET', 'POST']),
          url: z.string(),
          headers: strings.optional(),
          body: z.unknown().optional(),
          scopes: z.array(z.string()).optional(),
        })
        .optional(),
      subject: z.array(z.union([source, z.array(source).min(2)])).optional(),
      tenant: sources.optional(),
      label: sources.optional(),
      email: sources.optional(),
      emailVerified: sources.optional(),
      subjectScope: z.enum(['global', 'per-client', 'per-tenant', 'unknown']).optional(),
    })
    .optional(),
});

/** An entry or the settings of one connection: only what differs. */
export type ProviderSettings = z.infer<typeof providerSettings>;

type Whole<T> = T extends unknown[] ? T : T extends object ? { [K in keyof T]-?: Exclude<T[K], undefined> } : T;
type Filled = { [K in keyof ProviderSettings]-?: Whole<NonNullable<ProviderSettings[K]>> };

/** An entry merged over its base: everything is there but what has no default. */
export interface ProviderEntry {
  kind: Filled['kind'];
  endpoints: NonNullable<ProviderSettings['endpoints']>;
  clientAuth: Omit<Filled['clientAuth'], 'refreshMethods'> & { refreshMethods?: ClientAuthMethod[] };
  pkce: Filled['pkce'];
  authorization: Omit<Filled['authorization'], 'codeTtlSeconds' | 'callback'> & {
    callback: { codeParam: string; capture: string[] };
  };
  tokenRequest: Omit<Filled['tokenRequest'], 'refreshEncoding'> & { refreshEncoding?: 'form' | 'json' };
  tokenResponse: Omit<Filled['tokenResponse'], 'defaultTtlSeconds' | 'paths'> & {
    defaultTtlSeconds?: number;
    paths: Required<TokenPaths>;
  };
  idToken: Filled['idToken'];
  refresh: Omit<Filled['refresh'], 'graceSeconds'> & { graceSeconds?: number };
  errors: Filled['errors'];
  rateLimit: Omit<Filled['rateLimit'], 'exhausted' | 'budgetPerSecond'> & {
    exhausted?: { header: string; equals: string };
    budgetPerSecond?: number;
  };
  identity: Omit<Filled['identity'], 'request'> & {
    request?: NonNullable<NonNullable<ProviderSettings['identity']>['request']>;
  };
}
export type TokenPaths = z.infer<typeof tokenPaths>;

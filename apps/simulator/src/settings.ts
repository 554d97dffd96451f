import { z } from 'zod';

const canary = z.string().startsWith('cnry_', 'must start with cnry_, so that a search for leaks finds it');

const refresh = z.strictObject({
  /** `optional` replaces the refresh token at every second refresh of a grant. */
  rotate: z.enum(['never', 'optional', 'always']).default('never'),
  /** What presenting a replaced refresh token does. */
  reuse: z.enum(['ok', 'reject', 'killGrant', 'grace']).default('reject'),
  graceSeconds: z.number().min(0).max(86_400).default(0),
});

/** How one simulated provider behaves. Every member may be left out. */
export const providerSettings = z.strictObject({
  clientId: z.string().min(1).default('simulated-client'),
  clientSecret: canary.default('cnry_cs_simulated'),
  /** Absent: any address is accepted. */
  redirectUris: z.array(z.url()).nullable().default(null),
  requirePkce: z.boolean().default(true),
  accessTokenSeconds: z.number().int().min(1).default(3600),
  refresh: refresh.default(refresh.parse({})),
  scopeShape: z.enum(['space', 'comma', 'array', 'absent']).default('space'),
  tokenType: z.string().nullable().default('Bearer'),
  expiresIn: z.enum(['number', 'string', 'absent']).default('number'),
  issueIdToken: z.boolean().default(false),
  issueRefreshToken: z.boolean().default(true),
  /** Answers the sign-in page by itself; `partial` withholds the last scope. */
  auto: z.enum(['accept', 'deny', 'partial']).nullable().default(null),
  /** Who signs in by itself, and who is chosen on the page beforehand. */
  person: z.string().min(1).default('person-1'),
  /** `iss` in the callback (RFC 9207). */
  iss: z.enum(['right', 'wrong', 'absent']).default('absent'),
});
export type ProviderSettings = z.output<typeof providerSettings>;

/** Only what is said changes. */
export const changedSettings = (now: ProviderSettings, change: unknown): ProviderSettings => {
  const given = z.record(z.string(), z.unknown()).parse(change);
  const rules = given['refresh'] === undefined ? {} : { refresh: { ...now.refresh, ...(given['refresh'] as object) } };
  return providerSettings.parse({ ...now, ...given, ...rules });
};

export const fault = z.strictObject({
  /** How many token requests it applies to. */
  times: z.number().int().min(1).default(1),
  /** Only requests of this grant; absent: any. */
  grantType: z.enum(['authorization_code', 'refresh_token']).optional(),
  delayMsBeforeCommit: z.number().int().min(0).default(0),
  delayMsAfterCommit: z.number().int().min(0).default(0),
  /** Answered in place of the provider's own answer; nothing is issued then. */
  status: z.number().int().min(200).max(599).optional(),
  body: z.unknown().optional(),
  html: z.string().optional(),
  retryAfter: z.union([z.number(), z.string()]).optional(),
  /** The connection is cut: before anything happened, or when the provider has committed. */
  reset: z.enum(['before', 'afterCommit']).optional(),
});
export type Fault = z.output<typeof fault>;

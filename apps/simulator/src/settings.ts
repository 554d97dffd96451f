import { z } from 'zod';

const canary = z.string().startsWith('cnry_', 'must start with cnry_, so that a search for leaks finds it');

/** What a call is for. A token request is an exchange or a refresh, whatever its address. */
export const callPhases = [
  'authorize',
  'exchange',
  'refresh',
  'identity',
  'revoke',
  'introspect',
  'discovery',
  'jwks',
  'push',
  'api',
] as const;
export type CallPhase = (typeof callPhases)[number];

const refresh = z.strictObject({
  /** `optional` replaces the refresh token at every second refresh of a grant. */
  rotate: z.enum(['never', 'optional', 'always']).default('never'),
  /** What presenting a replaced refresh token does, after the seconds of grace for `grace` and `killGrant`. */
  reuse: z.enum(['ok', 'reject', 'killGrant', 'grace']).default('reject'),
  graceSeconds: z.number().min(0).max(86_400).default(0),
});
const lifetime = z.number().int().min(1).nullable();

/** What may be set for one person too, over what holds for the provider. */
const perPerson = {
  /** Null: as long as this provider's tokens usually live. */
  accessTokenSeconds: lifetime,
  /** What answers say of that lifetime. Null: the truth. */
  announcedSeconds: lifetime,
  refresh: refresh.partial(),
  /** A refresh ends the access tokens that came before. */
  refreshEndsAccessTokens: z.boolean(),
  /** Lifetimes of a refresh token by the virtual clock: unused for so long; in all. Null: no end. */
  idleSeconds: lifetime,
  absoluteSeconds: lifetime,
  /** Refresh tokens live for seven days, as those of an app that its provider has not checked yet. */
  testingMode: z.boolean(),
  /** One refresh at a time per grant. */
  serialise: z.boolean(),
  /** Live grants of one person; the oldest is ended without a word. */
  maxLive: z.number().int().min(1).nullable(),
  /** No scope outside of these is granted. */
  partialConsent: z.array(z.string()).nullable(),
  /** A fresh access token is refused for so long. */
  lagMs: z.number().int().min(0),
  /** Refusals of the token endpoint repeat the token they are about. */
  echoSecret: z.boolean(),
  idToken: z.enum(['right', 'wrongAud', 'wrongNonce', 'wrongIss', 'expired', 'unknownKid']),
};

/** How one simulated provider behaves. Every member may be left out. */
export const providerSettings = z.strictObject({
  clientId: z.string().min(1).default('simulated-client'),
  clientSecret: canary.default('cnry_cs_simulated'),
  /** Public keys of a client that signs assertions. Without them no assertion is accepted. */
  clientKeys: z.array(z.looseObject({ kty: z.string() })).default([]),
  clientDisabled: z.boolean().default(false),
  /** Absent: any address is accepted. */
  redirectUris: z.array(z.url()).nullable().default(null),
  requirePkce: z.boolean().default(true),
  requirePushedAuthorization: z.boolean().default(false),
  accessTokenSeconds: perPerson.accessTokenSeconds.default(3600),
  announcedSeconds: perPerson.announcedSeconds.default(null),
  refresh: refresh.default(refresh.parse({})),
  refreshEndsAccessTokens: perPerson.refreshEndsAccessTokens.default(false),
  idleSeconds: perPerson.idleSeconds.default(null),
  absoluteSeconds: perPerson.absoluteSeconds.default(null),
  testingMode: perPerson.testingMode.default(false),
  serialise: perPerson.serialise.default(false),
  maxLive: perPerson.maxLive.default(null),
  partialConsent: perPerson.partialConsent.default(null),
  lagMs: perPerson.lagMs.default(0),
  echoSecret: perPerson.echoSecret.default(false),
  idToken: perPerson.idToken.default('right'),
  /** So many calls in a window; the next one is told to wait. */
  rateLimit: z
    .strictObject({
      calls: z.number().int().min(0),
      windowSeconds: z.number().int().min(1),
      phases: z.array(z.enum(callPhases)).default(['exchange', 'refresh']),
    })
    .nullable()
    .default(null),
  /** The next four shape the answers of a provider that is not of the catalogue; the others have their own shape. */
  scopeShape: z.enum(['space', 'comma', 'array', 'absent']).default('space'),
  tokenType: z.string().nullable().default('Bearer'),
  expiresIn: z.enum(['number', 'string', 'absent']).default('number'),
  issueIdToken: z.boolean().default(false),
  issueRefreshToken: z.boolean().default(true),
  /** Answers the sign-in page by itself; `partial` withholds the last scope. */
  auto: z.enum(['accept', 'deny', 'partial']).nullable().default(null),
  /** Who signs in by itself, and who is chosen on the page beforehand. */
  person: z.string().min(1).default('person-1'),
  /** Who signs in from the second time on: a reconnect with another account. */
  switchAccount: z.string().min(1).nullable().default(null),
  /** `iss` in the callback (RFC 9207). */
  iss: z.enum(['right', 'wrong', 'absent', 'twice']).default('absent'),
  /** Metadata promises `iss`. Null: it does unless `iss` is absent. */
  issPromised: z.boolean().nullable().default(null),
  people: z
    .record(z.string(), z.strictObject(perPerson).partial())
    .default({})
    .describe('Settings of single people over those above.'),
});
export type ProviderSettings = z.output<typeof providerSettings>;

/** Settings as said, over those with which this provider starts. */
export const settingsOver = (defaults: ProviderSettings, said: unknown): ProviderSettings => {
  const given = z.record(z.string(), z.unknown()).parse(said);
  const rules =
    given['refresh'] === undefined ? {} : { refresh: { ...defaults.refresh, ...(given['refresh'] as object) } };
  return providerSettings.parse({ ...defaults, ...given, ...rules });
};

/** What holds for one person. */
export const settingsFor = (settings: ProviderSettings, person: string): ProviderSettings => {
  const { refresh: rules, ...own } = settings.people[person] ?? {};
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { ...settings, ...said, refresh: refresh.parse({ ...settings.refresh, ...rules }) };
};

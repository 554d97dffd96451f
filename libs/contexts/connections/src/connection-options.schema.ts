import { isOwnedParameter, isScope, providerSettings } from '@strongroom/providers';
import { z } from 'zod';

const OPTIONS_BYTES = 128 * 1024;
const LATER = ['client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'];

const url = z
  .string()
  .max(2048)
  .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), 'must be an absolute http(s) URL')
  .nullish();
const text = (max: number) => z.string().max(max).nullish();

const scope = z.union([
  z.string().max(4096),
  z.array(z.string().max(189).refine(isScope, 'must be a scope: no spaces, quotes or control characters')).max(20),
]);

const parameters = <S extends z.ZodType>(value: S) =>
  z
    .record(z.string().max(128), value)
    .superRefine((given, context) => {
      for (const name of Object.keys(given))
        if (isOwnedParameter(name))
          context.addIssue({ code: 'custom', path: [name], message: 'belongs to the flow and cannot be set' });
    })
    .nullish();

const shortText = z.string().max(2048);

/** Known members are checked; any other is the caller's own, kept and returned (`spec/wire-contract.md` §3). */
export const connectionOptions = z
  .looseObject({
    client_id: text(512),
    client_secret: z.string().min(1).max(4096).nullish(),
    scope: scope.nullish(),
    freeform_scopes: scope.nullish(),
    allowed_scopes: z.array(z.string().min(1).max(255)).max(500).nullish(),
    offline_access: z.boolean().nullish(),
    authorizationURL: url,
    tokenURL: url,
    userInfoURL: url,
    issuer: url,
    discovery_url: url,
    authorization_endpoint: url,
    token_endpoint: url,
    userinfo_endpoint: url,
    jwks_uri: url,
    useOauthSpecScope: z.boolean().nullish(),
    pkce_enabled: z.boolean().nullish(),
    connection_settings: z.looseObject({ pkce: z.enum(['auto', 'S256', 'plain', 'disabled']).nullish() }).nullish(),
    token_endpoint_auth_method: z
      .string()
      .refine((value) => !LATER.includes(value), 'is not offered yet; use client_secret_basic or client_secret_post')
      .refine(
        (value) => LATER.includes(value) || ['client_secret_basic', 'client_secret_post', 'none'].includes(value),
        'must be client_secret_basic, client_secret_post or none',
      )
      .nullish(),
    id_token_signed_response_algs: z
      .array(z.string().regex(/^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA)$/, 'must be an asymmetric algorithm'))
      .min(1)
      .max(20)
      .nullish(),
    upstream_params: parameters(z.looseObject({ value: shortText.nullish(), alias: shortText.nullish() })),
    authParams: parameters(z.union([shortText, z.number(), z.boolean()])),
    authParamsMap: parameters(shortText),
    customHeaders: z
      .record(
        z.string().max(128),
        z
          .string()
          .max(4096)
          .regex(/^[\x20-\x7e]*$/),
      )
      .nullish(),
    fieldsMap: z.record(z.string(), z.string().max(512)).nullish(),
    scripts: z
      .looseObject({
        fetchUserProfile: z.string().max(51_200).nullish(),
        getLogoutUrl: z.string().max(51_200).nullish(),
      })
      .nullish(),
    federated_connections_access_tokens: z.looseObject({ active: z.boolean() }).nullish(),
    provider_settings: providerSettings.nullish(),
    revoke_on_delete: z.boolean().nullish(),
  })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= OPTIONS_BYTES, 'must not be over 128 KiB of JSON');
export type ConnectionOptions = Record<string, unknown> & { client_secret?: string | null | undefined };

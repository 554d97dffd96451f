import { z } from 'zod';
import { authenticationMethods, changedMethods } from './client-credentials.schema.js';
import { callbackUri, webOrigin } from './client-uris.js';
import { privilegedAccess } from './privileged-access.schema.js';
import { vaultPolicy } from './vault-policy.schema.js';
import { openObject, said, storedMember, word } from '../members.js';

const seconds = z.number().int().min(0).max(157_680_000);
const uris = z.array(callbackUri).max(100);

const refreshToken = z
  .strictObject({
    rotation_type: z.enum(['rotating', 'non-rotating']),
    expiration_type: z.enum(['expiring', 'non-expiring']),
    leeway: seconds.optional(),
    token_lifetime: seconds.min(1).optional(),
    infinite_token_lifetime: z.boolean().optional(),
    idle_token_lifetime: seconds.min(1).optional(),
    infinite_idle_token_lifetime: z.boolean().optional(),
    policies: z
      .array(z.strictObject({ audience: z.string().min(1).max(600), scope: z.array(word).max(200) }))
      .max(100)
      .optional(),
  })
  .refine(({ rotation_type, expiration_type }) => rotation_type !== 'rotating' || expiration_type === 'expiring', {
    error: 'rotating refresh tokens must be expiring',
  });

/** Kept and returned, without effect. */
export const STORED_OF_CLIENT = [
  ...['client_aliases', 'client_metadata', 'logo_uri', 'initiate_login_uri', 'allowed_origins', 'allowed_clients'],
  ...['addons', 'mobile', 'native_social_login', 'sso', 'sso_disabled', 'cross_origin_authentication'],
  ...['cross_origin_loc', 'custom_login_page_on', 'custom_login_page', 'custom_login_page_preview', 'form_template'],
  ...['encryption_key', 'signed_request_object', 'compliance_level', 'par_request_expiry', 'oidc_logout'],
  ...['is_token_endpoint_ip_header_trusted', 'skip_non_verifiable_callback_uri_confirmation_prompt'],
  ...['oidc_backchannel_logout', 'session_transfer', 'default_organization', 'organization_usage'],
  ...['organization_require_behavior', 'organization_discovery_methods', 'token_exchange', 'token_quota'],
  ...['third_party_security_mode', 'redirection_policy', 'express_configuration', 'my_organization_configuration'],
  ...['async_approval_notification_channels', 'jwt_configuration'],
];

const members = {
  name: said(255),
  description: z.string().max(140).nullish(),
  app_type: said(64)
    .regex(/^[\w.:-]+$/)
    .nullish(),
  resource_server_identifier: z.string().min(1).max(600).nullish(),
  is_first_party: z.boolean().optional(),
  oidc_conformant: z.boolean().optional(),
  token_endpoint_auth_method: z.enum(['none', 'client_secret_post', 'client_secret_basic']).nullish(),
  client_authentication_methods: authenticationMethods.nullish(),
  grant_types: z.array(word).max(50).optional(),
  callbacks: uris.optional(),
  allowed_logout_urls: uris.optional(),
  web_origins: z.array(webOrigin).max(100).optional(),
  refresh_token: refreshToken.nullish(),
  require_pkce: z.boolean().optional(),
  ...Object.fromEntries(STORED_OF_CLIENT.map((member) => [member, storedMember.optional()])),
  client_metadata: openObject.nullish(),
  jwt_configuration: z
    .looseObject({ alg: z.literal('RS256', 'must be RS256').optional() })
    .pipe(openObject)
    .nullish(),
  require_proof_of_possession: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  require_mfa_at_login: z.boolean().nullish(),
  token_vault_privileged_access: privilegedAccess.nullish(),
  vault_policy: vaultPolicy.nullish(),
};

export const createClient = z.strictObject(members);
export type CreateClient = z.output<typeof createClient> & Record<string, unknown>;

export const READ_ONLY_OF_CLIENT = ['client_id', 'tenant', 'global', 'signing_keys'] as const;

export const updateClient = z.strictObject({
  ...members,
  name: members.name.optional(),
  client_authentication_methods: changedMethods.nullish(),
  client_secret: z.string().min(32, 'must be at least 32 characters').max(512).optional(),
  ...(Object.fromEntries(READ_ONLY_OF_CLIENT.map((member) => [member, z.unknown().optional()])) as Record<
    (typeof READ_ONLY_OF_CLIENT)[number],
    z.ZodOptional<z.ZodUnknown>
  >),
});
export type UpdateClient = z.output<typeof updateClient> & Record<string, unknown>;

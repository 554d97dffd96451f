import { z } from 'zod';
import { STORED_OF_CLIENT } from './client.schema.js';

const uris = z.array(z.string());
const credentials = z.strictObject({ credentials: z.array(z.strictObject({ id: z.string() })) });

/** As `clientView` shows one. */
export const clientAnswer = z.strictObject({
  ...Object.fromEntries(STORED_OF_CLIENT.map((member) => [member, z.unknown().optional()])),
  client_id: z.string(),
  global: z.literal(false),
  name: z.string(),
  description: z.string().optional(),
  app_type: z.string().optional(),
  resource_server_identifier: z.string().optional(),
  is_first_party: z.boolean(),
  oidc_conformant: z.boolean(),
  token_endpoint_auth_method: z.enum(['none', 'client_secret_post', 'client_secret_basic']).optional(),
  client_authentication_methods: z
    .strictObject({
      private_key_jwt: credentials.optional(),
      tls_client_auth: credentials.optional(),
      self_signed_tls_client_auth: credentials.optional(),
    })
    .optional(),
  grant_types: z.array(z.string()),
  callbacks: uris,
  allowed_logout_urls: uris,
  web_origins: uris,
  refresh_token: z
    .strictObject({
      rotation_type: z.enum(['rotating', 'non-rotating']),
      expiration_type: z.enum(['expiring', 'non-expiring']),
      leeway: z.int().optional(),
      token_lifetime: z.int().optional(),
      infinite_token_lifetime: z.boolean().optional(),
      idle_token_lifetime: z.int().optional(),
      infinite_idle_token_lifetime: z.boolean().optional(),
      policies: z.array(z.strictObject({ audience: z.string(), scope: z.array(z.string()) })).optional(),
    })
    .optional(),
  require_pkce: z.boolean(),
  require_proof_of_possession: z.boolean(),
  require_pushed_authorization_requests: z.boolean(),
  require_mfa_at_login: z.boolean().optional(),
  token_vault_privileged_access: z
    .strictObject({
      ...credentials.shape,
      ip_allowlist: z.array(z.string()),
      grants: z.array(z.strictObject({ connection: z.string(), scopes: z.array(z.string()) })),
    })
    .optional(),
  vault_policy: z
    .strictObject({
      connections: z.array(z.string()).optional(),
      scopes: z.array(z.string()).optional(),
      exchanges_per_minute: z.int().optional(),
      expires_at: z.string().optional(),
    })
    .optional(),
  client_secret: z.string().optional(),
});

/** Where `fields` may choose among the members. */
export const clientFields = clientAnswer.partial();

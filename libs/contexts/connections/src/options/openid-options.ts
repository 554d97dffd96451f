import { z } from 'zod';
import { address, signingAlgorithm } from './option-values.js';

/** What a discovery document would say, written by hand. Further members are kept. */
const metadata = z.looseObject({
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  userinfo_endpoint: address,
  jwks_uri: address,
  revocation_endpoint: address,
  introspection_endpoint: address,
});

const claim = z.string().max(512).nullish();

const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i;

/** Directories that speak OpenID Connect. */
export const openidOptions = {
  issuer: address,
  discovery_url: address,
  authorization_endpoint: address,
  token_endpoint: address,
  userinfo_endpoint: address,
  jwks_uri: address,
  oidc_metadata: metadata.nullish(),
  type: z.enum(['front_channel', 'back_channel'], 'must be front_channel or back_channel').nullish(),
  connection_settings: z
    .looseObject({
      pkce: z
        .enum(['auto', 'S256', 'plain', 'disabled'], 'must be auto, S256, plain or disabled; auto fits most providers')
        .nullish(),
    })
    .nullish(),
  attribute_map: z.looseObject({ user_id: claim, email: claim, name: claim }).nullish(),
  id_token_signed_response_algs: z.array(signingAlgorithm).min(1).max(20).nullish(),
  token_endpoint_auth_signing_alg: signingAlgorithm.nullish(),
  dpop_signing_alg: signingAlgorithm.nullish(),
  domain_aliases: z
    .array(z.string().regex(DOMAIN, 'must be a domain such as example.com, without @ and path'))
    .max(1000)
    .nullish(),
};

import { providerSettings } from '@strongroom/providers';
import { z } from 'zod';
import { oauth2Options } from './oauth2-options.js';
import { openidOptions } from './openid-options.js';
import { parameters, scope, shortText, text } from './option-values.js';

const OPTIONS_BYTES = 128 * 1024;

// What they hold is the engine's; spelt out, it would be in every declaration of a body.
const settings: z.ZodType<object> = providerSettings;

/** What every family has. The values of `token_endpoint_auth_method` depend on the provider (`provider-options.ts`). */
const commonOptions = {
  client_id: text(512),
  client_secret: z.string().min(1, 'must not be empty; leave it out where there is none').max(4096).nullish(),
  token_endpoint_auth_method: text(64),
  scope,
  freeform_scopes: scope,
  allowed_scopes: z.array(z.string().min(1).max(255)).max(500).nullish(),
  allowed_audiences: z.array(z.string().max(512)).max(100).nullish(),
  offline_access: z.boolean().nullish(),
  upstream_params: parameters(z.looseObject({ value: shortText.nullish(), alias: shortText.nullish() })),
  set_user_root_attributes: text(64),
  federated_connections_access_tokens: z.looseObject({ active: z.boolean() }).nullish(),
  provider: text(64),
  provider_settings: settings.nullish(),
  revoke_on_delete: z.boolean().nullish(),
  keep_fresh: z.boolean().nullish(),
};

/**
 * Known members are checked whatever the strategy; any other is the caller's own, kept and returned
 * (`spec/wire-contract.md` §3). What a provider wants besides is checked where the provider is known.
 */
export const connectionOptions = z
  .looseObject({ ...commonOptions, ...oauth2Options, ...openidOptions })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= OPTIONS_BYTES, 'must not be over 128 KiB of JSON');

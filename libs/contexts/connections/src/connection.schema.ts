import { looksSecret } from '@strongroom/contracts';
import { z } from 'zod';
import { connectionOptions } from './options/connection-options.schema.js';

const NAME = /^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$/;
const STORED_BYTES = 32 * 1024;

/** Switches of a feature we do not have: off is kept, on is refused instead of being ignored. */
const switchedOff = z
  .unknown()
  .refine((value) => !/true|"enabled"/.test(JSON.stringify(value) ?? ''), 'Cross App Access is not offered');

const stored = z
  .unknown()
  .refine((value) => Buffer.byteLength(JSON.stringify(value) ?? '') <= STORED_BYTES, 'must not be over 32 KiB of JSON');

const clientIds = z.array(z.string().regex(/^[\w.-]{1,64}$/, 'must be a client id'));

/** Members of a connection that may be set at any time (`spec/wire-contract.md` §3.4). */
const members = {
  display_name: z.string().min(1).max(128).optional(),
  options: connectionOptions.optional(),
  enabled_clients: clientIds.max(1000).optional(),
  authentication: z.strictObject({ active: z.boolean() }).optional(),
  connected_accounts: z
    .strictObject({
      active: z.boolean(),
      cross_app_access: switchedOff.optional(),
      allow_missing_user_id: z.boolean().optional(),
    })
    .optional(),
  is_domain_connection: z.boolean().optional(),
  show_as_button: z.boolean().optional(),
  metadata: z
    .record(z.string().max(255), z.string().max(255))
    .refine((value) => Object.keys(value).length <= 10, 'must not have more than 10 members')
    .optional(),
  realms: stored.optional(),
  cross_app_access_requesting_app: switchedOff.optional(),
  cross_app_access_resource_app: switchedOff.optional(),
};

export const createConnection = z.strictObject({
  name: z
    .string()
    .max(128)
    .regex(NAME, 'must be letters, digits and single hyphens between them')
    .refine((value) => !looksSecret(eventName(value)), 'looks like a token or a key'),
  strategy: z.string().min(1).max(64),
  ...members,
});
export type CreateConnection = z.output<typeof createConnection>;

/** Read-only members are compared with the present ones by the service. */
export const updateConnection = z
  .strictObject({
    ...members,
    display_name: members.display_name.nullable(),
    show_as_button: members.show_as_button.nullable(),
    id: z.unknown().optional(),
    name: z.unknown().optional(),
    strategy: z.unknown().optional(),
    provider_redirect_uris: z.unknown().optional(),
    provider: z.unknown().optional(),
    warnings: z.unknown().optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'must have at least one member');
export type UpdateConnection = z.output<typeof updateConnection>;

export const READ_ONLY = ['id', 'name', 'strategy', 'provider_redirect_uris', 'provider', 'warnings'] as const;
export const STORED = ['realms', 'cross_app_access_requesting_app', 'cross_app_access_resource_app'] as const;

export const clientStates = z
  .array(z.strictObject({ client_id: clientIds.element, status: z.boolean() }))
  .min(1)
  .max(50);
export type ClientStates = z.output<typeof clientStates>;

/** As `shownConnection` shows it. */
export const connectionAnswer = z.strictObject({
  id: z.string(),
  name: z.string(),
  strategy: z.string(),
  display_name: z.string().optional(),
  options: z.record(z.string(), z.unknown()),
  enabled_clients: z.array(z.string()),
  authentication: members.authentication.unwrap(),
  connected_accounts: members.connected_accounts.unwrap(),
  is_domain_connection: z.boolean(),
  show_as_button: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  ...Object.fromEntries(STORED.map((name) => [name, z.unknown().optional()])),
  provider_redirect_uris: z.array(z.url()).optional(),
  provider: z.strictObject({ id: z.string(), name: z.string(), register_url: z.url().optional() }).optional(),
  warnings: z.array(z.string()).optional(),
});
/** Where `fields` may choose among the members. */
export const connectionFields = connectionAnswer.partial();

/** Events carry at most 64 characters of a name: longer runs of letters look like a key to their schema. */
export const eventName = (name: string): string => name.slice(0, 64);

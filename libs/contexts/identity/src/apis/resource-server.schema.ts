import { z } from 'zod';
import { notOffered, said, storedMember, word } from '../members.js';

const MAX_LIFETIME = 2_592_000;
/** As many as an event says. */
export const MOST_SCOPES = 200;

/** Kept and returned, without effect. */
export const STORED_OF_API = [
  ...['consent_policy', 'authorization_details', 'authorization_policy', 'token_encryption'],
  ...['token_lifetime_for_web', 'allow_online_access', 'verification_location'],
  // A security setting: stored only as "off" (`notOffered`), there are no roles that it could enforce.
  'enforce_policies',
];

const members = {
  name: said(200).optional(),
  scopes: z
    .array(
      z.strictObject({
        value: word,
        description: z.string().max(500).optional(),
      }),
    )
    .max(MOST_SCOPES)
    .refine((scopes) => new Set(scopes.map(({ value }) => value)).size === scopes.length, 'names a scope twice')
    .optional(),
  signing_alg: z
    .enum(['RS256', 'PS256'], 'must be RS256 or PS256: a shared secret would let every API mint tokens')
    .optional(),
  allow_offline_access: z.boolean().optional(),
  token_lifetime: z.number().int().min(1).max(MAX_LIFETIME).optional(),
  token_dialect: z.enum(['access_token', 'access_token_authz', 'rfc9068_profile', 'rfc9068_profile_authz']).optional(),
  skip_consent_for_verifiable_first_party_clients: z.boolean().optional(),
  subject_type_authorization: z
    .strictObject({
      user: z.strictObject({ policy: z.enum(['allow_all', 'deny_all', 'require_client_grant']) }).optional(),
      client: z.strictObject({ policy: z.enum(['deny_all', 'require_client_grant']) }).optional(),
    })
    .optional(),
  ...Object.fromEntries(STORED_OF_API.map((member) => [member, storedMember.optional()])),
  proof_of_possession: z.strictObject({ mechanism: z.enum(['dpop', 'mtls']), required: z.boolean() }).nullish(),
  enforce_policies: notOffered(null, false).optional(),
};

export const createResourceServer = z.strictObject({ ...members, identifier: said(255) });
export type CreateResourceServer = z.output<typeof createResourceServer> & Record<string, unknown>;

/** As `resourceServerView` shows one. */
export const apiAnswer = z.strictObject({
  ...Object.fromEntries(STORED_OF_API.map((member) => [member, z.unknown().optional()])),
  id: z.string(),
  identifier: z.string(),
  name: z.string(),
  is_system: z.boolean(),
  scopes: z.array(z.strictObject({ value: z.string(), description: z.string().optional() })),
  signing_alg: z.enum(['RS256', 'PS256']),
  allow_offline_access: z.boolean(),
  token_lifetime: z.int(),
  token_dialect: members.token_dialect.unwrap(),
  skip_consent_for_verifiable_first_party_clients: z.boolean(),
  subject_type_authorization: z.strictObject({
    user: z.strictObject({ policy: z.enum(['allow_all', 'deny_all', 'require_client_grant']) }),
    client: z.strictObject({ policy: z.enum(['deny_all', 'require_client_grant']) }),
  }),
  proof_of_possession: members.proof_of_possession.unwrap().unwrap().optional(),
});

export const READ_ONLY_OF_API = ['id', 'identifier', 'is_system'] as const;

export const updateResourceServer = z.strictObject({
  ...members,
  id: z.unknown().optional(),
  identifier: z.unknown().optional(),
  is_system: z.unknown().optional(),
});
export type UpdateResourceServer = z.output<typeof updateResourceServer> & Record<string, unknown>;

import { z } from 'zod';
import { storedMember, word } from '../members.js';

/** Kept and returned, without effect. */
export const STORED_OF_GRANT = ['organization_usage', 'allow_any_organization', 'authorization_details_types'] as const;

const members = {
  scope: z.array(word).max(200).optional(),
  allow_all_scopes: z.boolean().optional(),
  organization_usage: storedMember.optional(),
  allow_any_organization: storedMember.optional(),
  authorization_details_types: storedMember.optional(),
};

export const createClientGrant = z
  .strictObject({
    ...members,
    client_id: z.string().min(1).max(64),
    audience: z.string().min(1).max(600),
    subject_type: z.enum(['client', 'user']).default('client'),
  })
  .refine(({ scope, allow_all_scopes }) => scope !== undefined || allow_all_scopes === true, {
    error: "data must have required property 'scope'",
    path: ['scope'],
  });
export type CreateClientGrant = z.output<typeof createClientGrant>;

/** As `grantView` shows one. */
export const grantAnswer = z.strictObject({
  ...Object.fromEntries(STORED_OF_GRANT.map((member) => [member, z.unknown().optional()])),
  id: z.string(),
  client_id: z.string(),
  audience: z.string(),
  scope: z.array(z.string()),
  subject_type: z.enum(['client', 'user']),
  allow_all_scopes: z.boolean(),
});

export const READ_ONLY_OF_GRANT = ['id', 'client_id', 'audience', 'subject_type'] as const;

export const updateClientGrant = z.strictObject({
  ...members,
  id: z.unknown().optional(),
  client_id: z.unknown().optional(),
  audience: z.unknown().optional(),
  subject_type: z.unknown().optional(),
});
export type UpdateClientGrant = z.output<typeof updateClientGrant>;

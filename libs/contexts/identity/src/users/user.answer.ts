import { z } from 'zod';

/** As `userView` shows one. */
export const userAnswer = z.strictObject({
  user_id: z.string(),
  email: z.string().optional(),
  email_verified: z.boolean(),
  username: z.string().optional(),
  phone_number: z.string().optional(),
  phone_verified: z.boolean(),
  name: z.string().optional(),
  nickname: z.string().optional(),
  given_name: z.string().optional(),
  family_name: z.string().optional(),
  picture: z.string().optional(),
  blocked: z.boolean(),
  administrator: z.literal(true).optional(),
  user_metadata: z.record(z.string(), z.unknown()),
  app_metadata: z.record(z.string(), z.unknown()),
  identities: z.array(
    z.strictObject({
      connection: z.string(),
      user_id: z.string(),
      provider: z.string(),
      isSocial: z.boolean(),
      profileData: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  multifactor: z.array(z.enum(['totp', 'recovery-code'])),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  last_login: z.iso.datetime().optional(),
  last_ip: z.string().optional(),
  logins_count: z.int(),
  last_password_reset: z.iso.datetime().optional(),
});

/** Where `fields` may choose among the members. */
export const userFields = userAnswer.partial();

/** One by itself shows what it has connected, too. */
export const oneUserFields = userAnswer
  .extend({
    connected_accounts: z.array(
      z.strictObject({
        id: z.string(),
        connection: z.string(),
        connection_id: z.string(),
        strategy: z.string(),
        access_type: z.literal('offline'),
        scopes: z.array(z.string()),
        created_at: z.iso.datetime(),
      }),
    ),
  })
  .partial();

import { z } from 'zod';
import { openObject, said } from '../members.js';

/** The one connection whose people are kept here (`spec/wire-contract.md` §3.6). */
export const DATABASE_CONNECTION = 'Username-Password-Authentication';

const text = (max: number) => z.string().min(1).max(max);

const members = {
  email: z
    .email()
    .max(320)
    .transform((email) => email.toLowerCase())
    .optional(),
  email_verified: z.boolean().optional(),
  username: text(128)
    .refine((name) => name === name.trim(), 'must not begin or end with white space: nobody could sign in with it')
    .optional(),
  phone_number: z
    .string()
    .regex(/^\+[1-9]\d{1,14}$/, 'must be an E.164 number')
    .optional(),
  phone_verified: z.boolean().optional(),
  name: text(300).nullish(),
  nickname: text(300).nullish(),
  given_name: text(150).nullish(),
  family_name: text(150).nullish(),
  picture: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .nullish(),
  password: z.string().min(8).max(256).optional(),
  blocked: z.boolean().optional(),
  administrator: z.boolean().optional(),
  user_metadata: openObject.optional(),
  app_metadata: openObject.optional(),
  // Accepted without effect: no mail and no message is sent.
  verify_email: z.boolean().optional(),
  verify_phone_number: z.boolean().optional(),
  client_id: z.string().optional(),
};

export const createUser = z
  .strictObject({
    ...members,
    connection: z.literal(DATABASE_CONNECTION),
    user_id: said(249).regex(/^\S+$/, 'must not hold white space').optional(),
  })
  .refine(({ email, username, phone_number }) => email ?? username ?? phone_number, {
    error: 'one of email, username and phone_number is needed',
  });
export type CreateUser = z.output<typeof createUser>;

/** Answered, and accepted back with the value they have. */
export const READ_ONLY_OF_USER = [
  'user_id',
  'identities',
  'connected_accounts',
  'multifactor',
  'created_at',
  'updated_at',
  'last_login',
  'last_ip',
  'logins_count',
  'last_password_reset',
] as const;

export const updateUser = z.strictObject({
  ...members,
  // Null takes one away, as long as there is another by which the person can sign in.
  email: members.email.nullable(),
  username: members.username.nullable(),
  phone_number: members.phone_number.nullable(),
  connection: z.literal(DATABASE_CONNECTION).optional(),
  ...(Object.fromEntries(READ_ONLY_OF_USER.map((member) => [member, z.unknown().optional()])) as Record<
    (typeof READ_ONLY_OF_USER)[number],
    z.ZodOptional<z.ZodUnknown>
  >),
});
export type UpdateUser = z.output<typeof updateUser>;

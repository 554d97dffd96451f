import { z } from 'zod';

const name = z.string().max(128).optional();
const pem = z.string().max(16_384);
const expiresAt = z.iso.datetime({ offset: true });

const publicKey = z
  .strictObject({
    credential_type: z.literal('public_key'),
    name,
    pem,
    alg: z.enum(['RS256', 'RS384', 'PS256']).default('RS256'),
    kid: z
      .string()
      .regex(/^[\w-]{10,64}$/, 'must be 10 to 64 characters of A-Z a-z 0-9 _ -')
      .optional(),
    parse_expiry_from_cert: z.boolean().optional(),
    expires_at: expiresAt.optional(),
  })
  .refine(({ parse_expiry_from_cert: parse, expires_at: at }) => !(parse && at !== undefined), {
    error: 'parse_expiry_from_cert and expires_at exclude each other',
  });
const certificateName = z
  .strictObject({
    credential_type: z.literal('cert_subject_dn'),
    name,
    subject_dn: z.string().min(1).max(256).optional(),
    pem: pem.optional(),
  })
  .refine(({ subject_dn, pem }) => (subject_dn === undefined) !== (pem === undefined), {
    error: 'needs subject_dn or pem, one of them',
  });
const certificate = z.strictObject({ credential_type: z.literal('x509_cert'), name, pem });

/** A credential that a body brings whole. */
export const credential = z.discriminatedUnion('credential_type', [publicKey, certificateName, certificate]);
export type SentCredential = z.output<typeof credential>;

export const changedCredential = z.strictObject({ expires_at: expiresAt.nullish() });
export type ChangedCredential = z.output<typeof changedCredential>;

const listOf = <Kind extends z.ZodType>(kind: Kind, least: number) =>
  z.strictObject({
    credentials: z
      .array(z.union([z.strictObject({ id: z.string().max(64) }), kind]))
      .min(least)
      .max(10),
  });
const methodsOf = (least: number) =>
  z
    .strictObject({
      private_key_jwt: listOf(publicKey, least).optional(),
      tls_client_auth: listOf(certificateName, least).optional(),
      self_signed_tls_client_auth: listOf(certificate, least).optional(),
    })
    .refine((methods) => Object.keys(methods).length > 0, { error: 'needs a method' });

/** Each method with its credentials, whole, or by the ids of those that the client has already. */
export const authenticationMethods = methodsOf(1);
/** Of a client that is there: a method has no credential left after its last was deleted, and is sent back so. */
export const changedMethods = methodsOf(0);
export type SentMethods = z.output<typeof authenticationMethods>;

/** A credential as the Management API shows one: the key itself only by what names it. */
export const shownCredential = z.strictObject({
  id: z.string(),
  credential_type: z.enum(['public_key', 'cert_subject_dn', 'x509_cert']),
  name: z.string().optional(),
  kid: z.string().optional(),
  alg: z.enum(['RS256', 'RS384', 'PS256']).optional(),
  subject_dn: z.string().optional(),
  thumbprint_sha256: z.string().optional(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  expires_at: z.iso.datetime().optional(),
});
export type ShownCredential = z.output<typeof shownCredential>;

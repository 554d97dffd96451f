import { z } from 'zod';

/**
 * The only makers of leaves in an event schema. Each refuses what looks like a token or a key, so that no schema
 * can carry a secret by mistake (`spec/events.md` §3). The brand lets a test find a leaf that was made elsewhere.
 */
const brands = new WeakMap<z.ZodType, string>();

const branded = <T extends z.ZodType>(name: string, schema: T): T => {
  brands.set(schema, name);
  return schema;
};

/** Which constructor made this leaf; undefined for any other schema. */
export const leafBrand = (schema: z.ZodType): string | undefined => brands.get(schema);

// Behind EAA more than an id of ours has, one in 240,000 of which begins so by chance.
const SECRET_SHAPES = [
  /eyJ[\w-]{8,}\.[\w-]*/, // a JWT, or its beginning
  /(^|[^A-Za-z0-9])(ya29\.|1\/\/0|xox[abeps]-|xapp-|gh[opusr]_|github_pat_|glpat-|cnry_|sk_live_|sk_test_|rk_live_|EAA[A-Za-z0-9]{45}|AIza[\w-]{10}|AKIA[A-Z0-9]{12})/,
  /-----BEGIN/,
];
const LONG_OPAQUE = /[A-Za-z0-9_+/=-]{65,}/;

/** True for the shapes of tokens and keys that are known to us. */
export const looksSecret = (value: string): boolean =>
  SECRET_SHAPES.some((shape) => shape.test(value)) || LONG_OPAQUE.test(value);

const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !looksSecret(value), 'looks like a secret');

const ID_SHAPES = {
  person: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  key: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  connection: /^con_[A-Za-z0-9]{1,40}$/,
  account: /^cac_[A-Za-z0-9]{1,40}$/,
  tokenset: /^ts_[A-Za-z0-9]{1,33}$/,
  connectSession: /^cs_[A-Za-z0-9]{1,40}$/,
  exchange: /^ex_[A-Za-z0-9-]{1,40}$/,
  client: /^[\w.-]{1,64}$/,
  api: /^[\w.-]{1,64}$/,
  grant: /^[\w.-]{1,64}$/,
  session: /^[\w-]{1,64}$/,
  user: /^[^\s]{1,255}$/,
  context: /^[a-z-]{1,32}$/,
} as const;

/** An identifier of the given kind, in the shape in which we mint it. */
export const id = (kind: keyof typeof ID_SHAPES) =>
  branded(
    'id',
    z
      .string()
      .regex(ID_SHAPES[kind])
      .refine((value) => !looksSecret(value), 'looks like a secret'),
  );
/** A name somebody chose, at most 255 characters. */
export const name = () => branded('name', text(255));
/** One scope, RFC 6749 §3.3, at most 255 characters. */
export const scope = () => branded('scope', text(255));
/** RFC 3339 in UTC with milliseconds. */
export const instant = () => branded('instant', z.iso.datetime({ precision: 3 }));
export const count = () => branded('count', z.number().int().nonnegative());
export const flag = () => branded('flag', z.boolean());
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => branded('oneOf', z.enum(values));
/** A provider's error code or a class: `^[\w.:-]{1,64}$`. */
export const shortCode = () =>
  branded(
    'shortCode',
    z
      .string()
      .regex(/^[\w.:-]{1,64}$/)
      .refine((value) => !looksSecret(value), 'looks like a secret'),
  );
/** Scheme, host and port. */
export const origin = () =>
  branded(
    'origin',
    z
      .string()
      .max(300)
      .regex(/^https?:\/\/[a-z0-9.:[\]-]+$/)
      .refine((value) => !looksSecret(value), 'looks like a secret'),
  );
export const ipAddress = () => branded('ipAddress', z.union([z.ipv4(), z.ipv6()]));
/** base64url of a SHA-256, 43 characters. */
export const thumbprint = () =>
  branded(
    'thumbprint',
    z
      .string()
      .regex(/^[\w-]{43}$/)
      .refine((value) => !looksSecret(value), 'looks like a secret'),
  );
/** Free text, for `auditContext` only. */
export const note = () => branded('note', text(256));

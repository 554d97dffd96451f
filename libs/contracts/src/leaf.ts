import { z } from 'zod';

/**
 * The only makers of leaves in an event schema. Each refuses what looks like a token or a key, so that no schema
 * can carry a secret by mistake (`spec/events.md` §3). The brand lets a test find a leaf that was made elsewhere.
 */
const brands = new WeakMap<z.ZodType, string>();

const surely = new WeakMap<z.ZodType, (value: unknown) => boolean>();

/** @param isSurely true only for what the schema takes; for the rest the schema is asked. Absent: always the schema. */
const branded = <T extends z.ZodType>(name: string, schema: T, isSurely?: (value: unknown) => boolean): T => {
  brands.set(schema, name);
  surely.set(schema, isSurely ?? ((value) => schema.safeParse(value).success));
  return schema;
};

/** Tells of a value whether a leaf takes it for certain; false says nothing. Undefined for any other schema. */
export const isSurelyLeaf = (schema: z.ZodType) => surely.get(schema);

/** Which constructor made this leaf; undefined for any other schema. */
export const leafBrand = (schema: z.ZodType): string | undefined => brands.get(schema);

// Behind EAA more than an id of ours has, one in 240,000 of which begins so by chance.
const SECRET_SHAPES = [
  /eyJ[\w-]{8,}\.[\w-]*/, // a JWT, or its beginning
  /(^|[^A-Za-z0-9])(ya29\.|1\/\/0|xox[abeps]-|xapp-|gh[opusr]_|github_pat_|glpat-|cnry_|sk_live_|sk_test_|rk_live_|EAA[A-Za-z0-9]{45}|AIza[\w-]{10}|AKIA[A-Z0-9]{12})/,
  /-----BEGIN/,
];
// Not what is one letter again and again.
const LONG_OPAQUE = /(?!(.)\1{64})[A-Za-z0-9_+/=-]{65,}/;

/** True for the shapes of tokens and keys that are known to us. */
export function looksSecret(value: string): boolean {
  if (innocent.has(value)) return false;
  if (SECRET_SHAPES.some((shape) => shape.test(value)) || LONG_OPAQUE.test(value)) return true;
  if (innocent.size >= MOST_INNOCENT) innocent.clear();
  if (value.length <= LONGEST_INNOCENT) innocent.add(value);
  return false;
}
/** Clients, people, scopes come again with every event of theirs; looking them over was the most of checking one. */
const innocent = new Set<string>();
const MOST_INNOCENT = 5_000;
const LONGEST_INNOCENT = 100;

const isOpen = (value: unknown): value is string => typeof value === 'string' && !looksSecret(value);
const isText = (max: number) => (value: unknown) => isOpen(value) && value.length > 0 && value.length <= max;
const isShaped = (shape: RegExp) => (value: unknown) => typeof value === 'string' && shape.test(value) && isOpen(value);

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
    isShaped(ID_SHAPES[kind]),
  );
/** A name somebody chose, at most 255 characters. */
export const name = () => branded('name', text(255), isText(255));
/** One scope, RFC 6749 §3.3, at most 255 characters. */
export const scope = () => branded('scope', text(SCOPE_CHARACTERS), isText(SCOPE_CHARACTERS));
const SCOPE_CHARACTERS = 255;
/** Twice as much, and what else is said with it, stays within one event. */
const SCOPES_BYTES = 24 * 1024;
export const MOST_SCOPES = 200;

/**
 * Scopes as an event may carry them. They are words of a provider or of an app: those that an event would refuse are
 * left out, so that they do not undo what it is to tell of.
 */
export function sayableScopes(scopes: readonly string[]): string[] {
  let bytes = 0;
  return scopes
    .filter((one) => one.length > 0 && one.length <= SCOPE_CHARACTERS && !looksSecret(one))
    .filter((one) => (bytes += Buffer.byteLength(JSON.stringify(one)) + 1) <= SCOPES_BYTES)
    .slice(0, MOST_SCOPES);
}
/** As our own clocks write it. */
export function isInstant(value: unknown): value is string {
  if (typeof value !== 'string' || !INSTANT.test(value)) return false;
  if (value.slice(8, 10) <= '28') return true;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value; // no 30th of February
}
const INSTANT = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
/** RFC 3339 in UTC with milliseconds. */
export const instant = () => branded('instant', z.iso.datetime({ precision: 3 }), isInstant);
export const count = () => branded('count', z.number().int().nonnegative());
export const flag = () => branded('flag', z.boolean(), (value) => typeof value === 'boolean');
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  branded('oneOf', z.enum(values), (value) => values.includes(value as string));
/** A provider's error code or a class: `^[\w.:-]{1,64}$`. */
export const shortCode = () =>
  branded(
    'shortCode',
    z
      .string()
      .regex(SHORT_CODE)
      .refine((value) => !looksSecret(value), 'looks like a secret'),
    isShaped(SHORT_CODE),
  );
const SHORT_CODE = /^[\w.:-]{1,64}$/;
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
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
/** The other addresses are left to the schema. */
const isIpv4 = (value: unknown) => typeof value === 'string' && IPV4.test(value);
export const ipAddress = () => branded('ipAddress', z.union([z.ipv4(), z.ipv6()]), isIpv4);
/** base64url of a SHA-256, 43 characters. */
export const thumbprint = () =>
  branded(
    'thumbprint',
    z
      .string()
      .regex(THUMBPRINT)
      .refine((value) => !looksSecret(value), 'looks like a secret'),
    isShaped(THUMBPRINT),
  );
const THUMBPRINT = /^[\w-]{43}$/;
const NOTE_CHARACTERS = 256;
/** Characters as people count them: an emoji is one, and two of what JavaScript counts. */
export const isNote = (value: unknown): value is string =>
  isOpen(value) && value !== '' && value.length <= 2 * NOTE_CHARACTERS && [...value].length <= NOTE_CHARACTERS;
/** Free text, for `auditContext` only. What its JSON Schema says counts characters too. */
export const note = () =>
  branded(
    'note',
    z
      .string()
      .refine(isNote, `is not 1 to ${NOTE_CHARACTERS} characters, or looks like a secret`)
      .meta({ minLength: 1, maxLength: NOTE_CHARACTERS }),
    isNote,
  );

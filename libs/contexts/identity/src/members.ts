import { isDeepStrictEqual } from 'node:util';
import { looksSecret } from '@strongroom/contracts';
import { ValidationError, type Problem } from '@strongroom/http';
import { z } from 'zod';

export const OPEN_OBJECT_BYTES = 32 * 1024;

const isSmall = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '') <= OPEN_OBJECT_BYTES;
const TOO_LARGE = `must not be over ${OPEN_OBJECT_BYTES} bytes of JSON`;

/** An object whose members are the caller's own (`spec/wire-contract.md` §3). */
export const openObject = z.record(z.string(), z.unknown()).refine(isSmall, TOO_LARGE);

/** Kept and returned, without effect. */
export const storedMember = z.unknown().refine(isSmall, TOO_LARGE);

/** A text that events will carry, which refuse what looks like a token or a key. */
export const said = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !looksSecret(value), 'looks like a token or a key');

/** One word of printable ASCII, as scopes and grant types are: a list of them still fits into an event. */
export const word = said(255).regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one word of printable ASCII');

/** A security setting that has no effect yet is refused instead of being stored. */
export const notOffered = (...harmless: unknown[]) =>
  z.unknown().refine((value) => harmless.includes(value), 'is not offered yet');

/** Members that may come back with the value they have; any other value is named in the error. */
export function checkReadOnly(sent: Record<string, unknown>, present: Record<string, unknown>): void {
  const problems: Problem[] = Object.keys(sent)
    .filter((member) => !isDeepStrictEqual(sent[member], present[member]))
    .map((member) => ({ path: [member], detail: 'is read-only' }));
  if (problems.length > 0) throw new ValidationError('body', problems);
}

/** Takes the named members out of a body: what was taken, and the rest. */
export function split<Body extends Record<string, unknown>, Name extends keyof Body & string>(
  body: Body,
  names: readonly Name[],
): [Partial<Pick<Body, Name>>, Omit<Body, Name>] {
  const taken = Object.fromEntries(
    Object.entries(body).filter(([name]) => (names as readonly string[]).includes(name)),
  );
  const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !(name in taken)));
  return [taken as Partial<Pick<Body, Name>>, rest as Omit<Body, Name>];
}

/** Members that changed, by name, for `changed` of an event. */
export const changedMembers = (before: Record<string, unknown>, after: Record<string, unknown>): string[] =>
  Object.keys({ ...before, ...after }).filter((member) => !isDeepStrictEqual(before[member], after[member]));

/** First level merged, `null` removes. */
export const merged = (present: Record<string, unknown>, sent: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...present, ...sent }).filter(([, value]) => value !== null));

/** Without members that have no value. */
export const present = (shown: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== null && value !== undefined));

import { z } from 'zod';
import { isSurelyLeaf } from './leaf.js';

/** Whether a value keeps a schema for certain. False says nothing: zod decides then, and says what is wrong. */
export type QuickCheck = (value: unknown) => boolean;

/**
 * An event is written and read once for each exchange, and zod, which also makes a copy, was a tenth of its processor time.
 * Events are made of few things, so what is usual can be seen sooner. Whatever is not known here is left to zod.
 */
export function quickCheck(schema: z.core.$ZodType): QuickCheck {
  if (schema instanceof z.ZodObject) return ofObject(schema);
  if (schema instanceof z.ZodArray) return ofArray(schema);
  if (schema instanceof z.ZodNullable) return orElse(null, quickCheck(schema.unwrap()));
  if (schema instanceof z.ZodOptional) return orElse(undefined, quickCheck(schema.unwrap()));
  return isSurelyLeaf(schema as z.ZodType) ?? (() => false);
}

const orElse =
  (nothing: null | undefined, check: QuickCheck): QuickCheck =>
  (value) =>
    value === nothing || check(value);

function ofObject(schema: z.ZodObject): QuickCheck {
  const members = Object.entries<z.core.$ZodType>(schema.shape).map(
    ([name, member]) => [name, quickCheck(member)] as const,
  );
  const names = new Set(members.map(([name]) => name));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    for (const name in value) if (!names.has(name)) return false;
    for (const [name, check] of members) if (!check((value as Record<string, unknown>)[name])) return false;
    return true;
  };
}

function ofArray(schema: z.ZodArray): QuickCheck {
  const check = quickCheck(schema.element);
  let most = Infinity;
  for (const { _zod } of schema.def.checks ?? []) {
    const { def } = _zod as z.core.$ZodCheckMaxLength['_zod'];
    if (def.check !== 'max_length') return () => false;
    most = Math.min(most, def.maximum);
  }
  // Not `every`, which passes over what is missing in the middle.
  const isUnusual = (element: unknown) => !check(element);
  return (value) => Array.isArray(value) && value.length <= most && value.findIndex(isUnusual) === -1;
}

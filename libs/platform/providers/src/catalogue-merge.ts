import { merge } from './merge.js';

type RawEntry = Record<string, unknown>;

/** Over its base, and that over its own. */
export function mergedEntry(bases: Readonly<Record<string, RawEntry>>, raw: RawEntry): RawEntry {
  const base = typeof raw['extends'] === 'string' ? bases[raw['extends']] : undefined;
  return base ? merge(mergedEntry(bases, base), raw) : raw;
}

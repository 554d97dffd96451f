import { merge } from './merge.js';
import type { ProviderEntry } from './provider-entry.js';

type RawEntry = Record<string, unknown>;

/** Over its base, and that over its own. */
export function mergedEntry(bases: Readonly<Record<string, RawEntry>>, raw: RawEntry): RawEntry {
  const base = typeof raw['extends'] === 'string' ? bases[raw['extends']] : undefined;
  return base ? merge(mergedEntry(bases, base), raw) : raw;
}

/** The schema alone can tell that a merged entry has every field: pass only what it has been asked about. */
export const asEntry = (checked: object): ProviderEntry => checked as ProviderEntry;

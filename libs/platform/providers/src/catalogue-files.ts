import { readFileSync } from 'node:fs';
import shippedFile from './catalogue/providers.json' with { type: 'json' };
import { asEntry, mergedEntry } from './catalogue-merge.js';
import { catalogueFaults } from './catalogue-schema.js';
import { duplicateName } from './duplicate-names.js';
import { entryFaults } from './entry-checks.js';
import { childOf, nameFaults, type PlacedFault } from './faults.js';
import { linear } from './linear-expression.js';
import { merge } from './merge.js';
import { objectIn } from './options.js';
import type { ProviderEntry } from './provider-entry.js';
import { InvalidCatalogueError } from './providers.errors.js';

/** As written: only what differs from its base. */
export type RawEntry = Record<string, unknown>;

export interface CatalogueFile {
  bases: Record<string, RawEntry>;
  providers: Record<string, RawEntry>;
}

const SHIPPED = 'the shipped providers.json';
export const shipped: CatalogueFile = shippedFile;

/**
 * The shipped entries with those of the files over them, in their order. A known id may be partial; what comes out of
 * it must be whole.
 *
 * @throws InvalidCatalogueError naming file and place of each fault
 */
export function readCatalogue(files: readonly string[]): CatalogueFile {
  const saidBy = new Map<string, string>();
  let providers = shipped.providers;
  for (const file of files) {
    const own = providersIn(file);
    for (const [id, entry] of Object.entries(own)) {
      saidBy.set(id, file);
      providers = { ...providers, [id]: merge(providers[id] ?? {}, entry) };
    }
  }
  const whole = { bases: shipped.bases, providers };
  const faults = checkCatalogue(whole);
  if (faults.length > 0)
    throw new InvalidCatalogueError(
      faults.map((fault) => ({ file: saidBy.get(idIn(fault.pointer)) ?? SHIPPED, ...fault })),
    );
  return whole;
}

/** All that is wrong with a catalogue; only one that is right has a meaning. */
export function checkCatalogue(catalogue: CatalogueFile): PlacedFault[] {
  const named = nameFaults(catalogue);
  if (named.length > 0) return named;
  const faults = catalogueFaults({ version: 1, ...catalogue });
  if (faults.length > 0) return faults;
  return Object.keys(catalogue.providers).flatMap((id) => furtherFaults(catalogue, id));
}

/** What is wrong with one entry, the others being right. */
export function checkEntry(catalogue: CatalogueFile, id: string): PlacedFault[] {
  const faults = catalogueFaults({ version: 1, bases: {}, providers: { [id]: catalogue.providers[id] } });
  return faults.length > 0 ? faults : furtherFaults(catalogue, id);
}

function furtherFaults(catalogue: CatalogueFile, id: string): PlacedFault[] {
  const raw = catalogue.providers[id]!;
  const entry = asEntry(mergedEntry(catalogue.bases, raw));
  return [...entryFaults(entry, { isPartial: false }), ...relationFaults(catalogue, id, raw, entry)].map(
    ({ pointer, message }) => ({ pointer: `${childOf('/providers', id)}${pointer}`, message }),
  );
}

/** What an entry says of others, and of names it shares with them. */
function* relationFaults(
  { providers }: CatalogueFile,
  id: string,
  raw: RawEntry,
  { params, whenRefreshable }: ProviderEntry,
): Generator<PlacedFault> {
  if (whenRefreshable !== undefined && (whenRefreshable === id || !Object.hasOwn(providers, whenRefreshable)))
    yield { pointer: '/whenRefreshable', message: 'names no other provider' };
  const taken = new Set(
    Object.entries(providers).flatMap(([other, entry]) => (other === id ? [other] : [other, ...namesOf(entry)])),
  );
  for (const [index, alias] of aliasesOf(raw).entries())
    if (taken.has(alias) || aliasesOf(raw).indexOf(alias) < index)
      yield { pointer: `/aliases/${index}`, message: `is the name of another provider: ${alias}` };
  for (const [name, preset] of presetsOf(raw)) {
    const pointer = childOf('/presets', name);
    if (taken.has(name) || aliasesOf(raw).includes(name))
      yield { pointer, message: `is the name of another provider: ${name}` };
    for (const [param, value] of Object.entries(preset))
      if (!Object.hasOwn(params, param)) yield { pointer: childOf(pointer, param), message: 'names no parameter' };
      else if (!linear(params[param]!.pattern).test(value))
        yield { pointer: childOf(pointer, param), message: 'does not match its pattern' };
  }
}

const aliasesOf = (raw: RawEntry): string[] => (raw['aliases'] ?? []) as string[];
const presetsOf = (raw: RawEntry) => Object.entries((raw['presets'] ?? {}) as Record<string, Record<string, string>>);
const namesOf = (raw: RawEntry): string[] => [...aliasesOf(raw), ...presetsOf(raw).map(([name]) => name)];

const idIn = (pointer: string): string => pointer.split('/')[2] ?? '';

function providersIn(file: string): Record<string, RawEntry> {
  const refuse = (pointer: string, message: string) => new InvalidCatalogueError([{ file, pointer, message }]);
  const value = parsed(file);
  const [name] = nameFaults(value);
  if (name) throw refuse(name.pointer, name.message);
  const document = objectIn(value);
  if (!document) throw refuse('', 'is not an object of version and providers');
  const unknown = Object.keys(document).find((member) => !['$schema', 'version', 'note', 'providers'].includes(member));
  if (unknown !== undefined) throw refuse(childOf('', unknown), 'is not a field there is');
  if (document['version'] !== 1) throw refuse('/version', 'must be 1');
  const providers = objectIn(document['providers']);
  if (!providers) throw refuse('/providers', 'must be an object of entries');
  for (const [id, entry] of Object.entries(providers))
    if (!objectIn(entry)) throw refuse(childOf('/providers', id), 'must be object');
  return providers as Record<string, RawEntry>;
}

function parsed(file: string): unknown {
  const fault = (message: string, pointer = '') => new InvalidCatalogueError([{ file, pointer, message }]);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fault(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault(`is no JSON: ${(error as Error).message}`);
  }
  const twice = duplicateName(text);
  if (twice !== undefined) throw fault('is there twice', twice);
  return value;
}

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import shipped from './catalogue/providers.json' with { type: 'json' };
import schema from './catalogue/provider-catalog.schema.json' with { type: 'json' };
import { asEntry } from './catalogue-merge.js';
import { entryFaults } from './entry-checks.js';
import { nameFaults, type PlacedFault } from './faults.js';
import { merge } from './merge.js';
import type { ProviderSettings } from './provider-entry.js';

const ajv = new Ajv2020({ allErrors: true, strict: false });
ajv.addSchema(schema);

const kept: { catalogue?: ValidateFunction; provider?: ValidateFunction } = {};
const catalogueValidator = () => (kept.catalogue ??= ajv.compile({ $ref: schema.$id }));
const providerValidator = () => (kept.provider ??= ajv.compile({ $ref: `${schema.$id}#/$defs/provider` }));

/** What in a whole catalogue is not as the schema has it. */
export const catalogueFaults = (value: unknown): PlacedFault[] => faultsOf(catalogueValidator(), value);

/** These say what an entry is called, and are no settings of a connection. */
const OF_ENTRIES_ONLY = ['name', 'aliases', 'presets', 'strategy', 'extends'];

/** What is wrong with settings of one connection (`options.provider_settings`); empty: nothing. */
export function checkProviderSettings(value: unknown): PlacedFault[] {
  const named = nameFaults(value);
  if (named.length > 0) return named;
  const faults = faultsOf(providerValidator(), value);
  if (faults.length > 0) return faults;
  const settings = value as ProviderSettings;
  const foreign = OF_ENTRIES_ONLY.filter((name) => Object.hasOwn(settings, name));
  if (foreign.length > 0)
    return foreign.map((name) => ({ pointer: `/${name}`, message: 'is no setting of a connection' }));
  return entryFaults(merge(asEntry(shipped.bases.oauth2), settings), { isPartial: true });
}

/** The same as a schema, for the options it is a part of. */
export const providerSettings = z.unknown().transform((value, context) => {
  for (const { pointer, message } of checkProviderSettings(value))
    context.addIssue({ code: 'custom', path: pathOf(pointer), message });
  return value as ProviderSettings;
});

const pathOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** Combinations repeat what their parts have said already. */
const COMBINATIONS = ['anyOf', 'allOf', 'oneOf', 'not'];

function faultsOf(validate: ValidateFunction, value: unknown): PlacedFault[] {
  if (validate(value)) return [];
  const all = validate.errors ?? [];
  const precise = all.filter(({ keyword }) => !COMBINATIONS.includes(keyword));
  const faults = (precise.length > 0 ? precise : all).map(faultOf);
  return [...new Map(faults.map((fault) => [`${fault.pointer} ${fault.message}`, fault])).values()];
}

function faultOf({ instancePath, keyword, params, message }: ErrorObject): PlacedFault {
  const { additionalProperty, propertyName, allowedValues, missingProperty } = params as Record<string, unknown>;
  if (keyword === 'additionalProperties')
    return { pointer: `${instancePath}/${escaped(additionalProperty)}`, message: 'is not a field there is' };
  if (keyword === 'propertyNames')
    return { pointer: `${instancePath}/${escaped(propertyName)}`, message: 'has a name that is not allowed' };
  if (keyword === 'required') return { pointer: instancePath, message: `has no ${String(missingProperty)}` };
  if (keyword === 'enum')
    return { pointer: instancePath, message: `must be one of ${(allowedValues as string[]).join(', ')}` };
  return { pointer: instancePath, message: message ?? 'is not valid' };
}

const escaped = (name: unknown): string => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

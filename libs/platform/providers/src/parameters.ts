import { linear } from './linear-expression.js';
import type { Options } from './options.js';
import { missingIn, placeholdersIn, type Values } from './placeholders.js';
import type { ParamSource, ProviderEntry, ProviderParam } from './provider-entry.js';
import { ConnectionMisconfiguredError, MissingParametersError, type MissingParameter } from './providers.errors.js';

export interface ParameterSources {
  options: Options;
  /** Comes with the name the connection calls its provider by. */
  preset: Values;
  /** Of this flow or account. */
  given: Values;
}

const MAX_VALUE = 512;
const sourceOf = ({ source }: ProviderParam): ParamSource => source ?? 'admin';

/** Whether a parameter may have this value: as a whole, in linear time. */
export const isParameterValue = ({ pattern }: ProviderParam, value: string): boolean =>
  value.length <= MAX_VALUE && linear(pattern).test(value);

/**
 * The values of an entry's parameters, each checked against its pattern.
 *
 * What an administrator has set is not overruled by whoever connects.
 */
export function parametersOf(entry: ProviderEntry, sources: ParameterSources): Record<string, string> {
  const values: Record<string, string> = {};
  const wanting: MissingParameter[] = [];
  for (const [name, param] of Object.entries(entry.params)) {
    const { value, option } = valueOf(name, param, sources);
    const source = sourceOf(param);
    const isAdmins = source === 'admin' || option !== undefined;
    if (value === undefined) {
      // What a callback or an ID token says is not there before there was one; who needs it then asks for it.
      if (param.required && source === 'user') wanting.push({ name, source, fault: 'missing' });
    } else if (isParameterValue(param, value)) values[name] = value;
    else if (isAdmins)
      throw new ConnectionMisconfiguredError(`options.${option ?? name} does not have the form it must`);
    else wanting.push({ name, source, fault: 'invalid' });
  }
  if (wanting.length > 0) throw new MissingParametersError(wanting);
  return values;
}

function valueOf(
  name: string,
  param: ProviderParam,
  { options, preset, given }: ParameterSources,
): { value?: string; option?: string } {
  const source = sourceOf(param);
  const option = param.option ?? name;
  const configured = options[option];
  if ((source === 'admin' || source === 'user') && typeof configured === 'string' && configured !== '')
    return { value: configured, option };
  const known = source === 'admin' ? own(preset, name) : own(given, name);
  const value = known ?? param.default;
  return value === undefined ? {} : { value };
}

const own = (values: Values, name: string): string | undefined =>
  Object.hasOwn(values, name) && values[name] !== '' ? values[name] : undefined;

/**
 * An administrator's parameter that only makes addresses is missed where one of them is: discovery, or addresses by hand,
 * can do without. Any other is missed at once.
 */
export function requireAdmins({ params, endpoints }: ProviderEntry, values: Values): void {
  const addressed = new Set(Object.values(endpoints).flat().flatMap(placeholdersIn));
  for (const [name, param] of Object.entries(params))
    if (param.required && sourceOf(param) === 'admin' && !Object.hasOwn(values, name) && !addressed.has(name))
      throw new ConnectionMisconfiguredError(`options.${param.option ?? name} is missing`);
}

/**
 * Nothing of an authorization request may be left open. What only a callback or an ID token can say is not asked for
 * yet: there has been none.
 */
export function requireFilled(entry: ProviderEntry, values: Values, templates: Iterable<string>): void {
  const missing = new Map<string, MissingParameter>();
  for (const template of templates)
    for (const name of missingIn(template, values)) {
      const param = entry.params[name];
      const source = param && sourceOf(param);
      if (!source || source === 'admin')
        throw new ConnectionMisconfiguredError(
          param ? `options.${param.option ?? name} is missing` : `nothing says what ${name} is`,
        );
      if (source === 'user') missing.set(name, { name, source, fault: 'missing' });
    }
  if (missing.size > 0) throw new MissingParametersError([...missing.values()]);
}

/** The parameters of an address that a flow has yet to bring. */
export const missingFor = (entry: ProviderEntry, template: string, values: Values): MissingParameter[] =>
  missingIn(template, values).map((name) => ({
    name,
    source: entry.params[name] ? sourceOf(entry.params[name]) : 'callback',
    fault: 'missing',
  }));

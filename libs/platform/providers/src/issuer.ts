import { isParameterValue } from './parameters.js';
import { fill, placeholdersIn, type Values } from './placeholders.js';
import type { ProviderEntry } from './provider-entry.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import type { ResolvedProvider } from './resolved-provider.js';

/** What a document for many tenants says in place of the one. */
const ANY_TENANT = '{tenantid}';

type Described = Pick<ResolvedProvider, 'entry' | 'params'>;

/**
 * Who a connection's ID tokens and callbacks are from. A placeholder that an ID token fills stays in it; metadata that
 * name a single issuer take its place.
 */
export function issuerOf(entry: ProviderEntry, metadata: Record<string, unknown>, values: Values): string | undefined {
  const found = typeof metadata['issuer'] === 'string' ? metadata['issuer'] : undefined;
  const template = issuerTemplate(entry, values);
  if (template === undefined || placeholdersIn(template).length === 0) return template ?? found;
  if (found === undefined || found === anyTenant(template)) return template;
  if (!isIssuer({ entry, params: values }, template, found))
    throw new ConnectionMisconfiguredError('the provider names an issuer that is not of this connection');
  return found;
}

/** Undefined where an administrator's parameter is missing: discovery says it then. */
export function issuerTemplate(entry: ProviderEntry, values: Values): string | undefined {
  const { issuer } = entry.endpoints;
  if (issuer === undefined) return undefined;
  const names = placeholdersIn(issuer);
  const fromClaims = names.filter((name) => entry.params[name]?.source === 'id_token');
  if (names.some((name) => !fromClaims.includes(name) && !Object.hasOwn(values, name))) return undefined;
  const kept = Object.fromEntries(fromClaims.map((name) => [name, `{${name}}`]));
  return fill(issuer, { ...values, ...kept });
}

export const anyTenant = (template: string): string => template.replace(/\{[^}]+\}/g, ANY_TENANT);

/**
 * Whether this is the connection's issuer, to the letter. Where claims fill a part of it, that part must be of its
 * parameter's form, be what the token claims, and be the connection's own tenant if it has one.
 */
export function isIssuer(
  { entry, params }: Described,
  expected: string,
  issuer: string,
  claims?: Readonly<Record<string, unknown>>,
): boolean {
  const names = placeholdersIn(expected);
  if (names.length === 0) return issuer === expected;
  const found = partsIn(expected, issuer);
  return (
    found !== null &&
    names.every((name, index) => {
      const param = entry.params[name];
      const value = found[index]!;
      if (!param || !isParameterValue(param, value)) return false;
      if (claims && claims[name] !== value) return false;
      const fixed = param.equals === undefined ? undefined : params[param.equals];
      return fixed === undefined || !isParameterValue(param, fixed) || fixed === value;
    })
  );
}

/** What stands in the text where the template has its placeholders; none of it crosses a slash. */
function partsIn(template: string, text: string): string[] | null {
  const literals = template.split(/\{[^}]+\}/);
  const parts: string[] = [];
  let at = 0;
  for (const [index, literal] of literals.entries()) {
    if (index > 0) {
      const end = index === literals.length - 1 && literal === '' ? text.length : text.indexOf(literal, at);
      if (end < 0) return null;
      parts.push(text.slice(at, end));
      at = end;
    }
    if (!text.startsWith(literal, at)) return null;
    at += literal.length;
  }
  return at === text.length && parts.every((part) => part !== '' && !part.includes('/')) ? parts : null;
}

import type { Discovery } from './discover.js';
import { anyTenant, isIssuer, issuerTemplate } from './issuer.js';
import type { Options } from './options.js';
import { parametersOf } from './parameters.js';
import { fillUrl, missingIn, placeholdersIn, type Values } from './placeholders.js';
import type { ProviderEntry } from './provider-entry.js';

/**
 * Where a provider's metadata stand: what the connection says, else what the entry does. A document for many tenants
 * is accepted only of an entry whose issuer is filled by each ID token.
 *
 * @throws ConnectionMisconfiguredError
 */
export function discoveryOf(entry: ProviderEntry, options: Options, preset: Values): Discovery | null {
  const admins = Object.entries(entry.params).filter(([, { source }]) => (source ?? 'admin') === 'admin');
  const params = Object.fromEntries(admins.map(([name, param]) => [name, { ...param, required: false }]));
  const values = parametersOf({ ...entry, params }, { options, preset, given: {} });
  const url =
    options['discovery_url'] ??
    options['issuer'] ??
    filled(entry.endpoints.discovery, values) ??
    (isWanting(entry) ? filled(entry.endpoints.issuer, values) : null);
  if (typeof url !== 'string' || url === '') return null;
  const template = issuerTemplate(entry, values);
  if (template === undefined || placeholdersIn(template).length === 0)
    return template !== undefined && !options['discovery_url'] && !options['issuer']
      ? { url, accepts: (issuer) => issuer === template }
      : { url };
  return {
    url,
    accepts: (issuer) => issuer === anyTenant(template) || isIssuer({ entry, params: values }, template, issuer),
  };
}

/** What is not said is found at the issuer (`spec/providers.md` §2.1, §4.2). */
const isWanting = ({ kind, endpoints: { discovery, authorization, token, jwks } }: ProviderEntry): boolean =>
  discovery === undefined &&
  (authorization === undefined || token === undefined || (kind === 'oidc' && jwks === undefined));

const filled = (template: string | undefined, values: Values): string | null =>
  template === undefined || missingIn(template, values).length > 0 ? null : fillUrl(template, values);

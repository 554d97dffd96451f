import type { Options } from './options.js';
import { placeholdersIn } from './placeholders.js';
import type { ProviderEntry } from './provider-entry.js';

/**
 * Whoever names an issuer or its document means that very server, and not the one that the entry's address would lead
 * to: what the entry says of endpoints is put aside for what discovery or the options say, and no parameter is needed
 * for it any more. Only where each company has a server of its own; one that is the same for everybody has no other.
 */
export function atOwnServer(entry: ProviderEntry, options: Options): ProviderEntry {
  if (entry.kind !== 'oidc' || !isSaid(options) || !isPerCompany(entry)) return entry;
  const params = Object.entries(entry.params).map(([name, param]) => [name, { ...param, required: false }]);
  return { ...entry, endpoints: {}, params: Object.fromEntries(params) as ProviderEntry['params'] };
}

const isSaid = (options: Options): boolean =>
  ['issuer', 'discovery_url'].some((name) => typeof options[name] === 'string' && options[name] !== '');

const isPerCompany = ({ endpoints: { issuer }, params }: ProviderEntry): boolean =>
  placeholdersIn(issuer ?? '').some((name) => (params[name]?.source ?? 'admin') === 'admin');

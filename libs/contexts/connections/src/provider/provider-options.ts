import { type Catalogue, type CatalogueProvider, isParameterValue, type ProviderSettings } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { refused } from '../connections.errors.js';
import { openidOptions } from '../options/openid-options.js';
import { isGeneric } from './governing-provider.js';

type Options = Record<string, unknown>;
type Described = Pick<ConnectionEntity, 'strategy' | 'options'>;

/** Named by the contract for a later release; their keys and certificates cannot be stored yet. */
const LATER = ['client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'];
const SIMPLE = ['client_secret_basic', 'client_secret_post', 'none'];

export const settingsIn = (options: Options): ProviderSettings =>
  (options['provider_settings'] as ProviderSettings | null | undefined) ?? {};

/** What the governing entry asks of the options. @throws ValidationError */
export function checkProviderOptions(catalogue: Catalogue, provider: CatalogueProvider, row: Described): void {
  checkParams(catalogue, provider, row);
  checkClientAuth(provider, row.options);
  if (isSelfHosted(provider) && !row.options['client_id'])
    throw refused('options.client_id', `is required; ${provider.name} shows it where the client is registered`);
}

/** Parameters of the entry are options; those that the flow or an account brings may be left to it. */
function checkParams(catalogue: Catalogue, provider: CatalogueProvider, row: Described): void {
  const { options } = row;
  for (const [name, param] of Object.entries(catalogue.entryOf(row).params)) {
    const { pattern, required, source = 'admin' } = param;
    const option = param.option ?? name;
    const value = options[option];
    if (!['admin', 'user'].includes(source)) continue;
    if (Object.hasOwn(openidOptions, option)) {
      // Whether it is needed depends on the other addresses.
      if (typeof value === 'string' && value !== '' && !isParameterValue(param, value))
        throw refused(
          `options.${option}`,
          'is not the address of a provider; write it as https://idp.example/path, without user information, query or fragment',
        );
      continue;
    }
    if (value === undefined || value === null || value === '') {
      if (required && source === 'admin' && param.default === undefined)
        throw refused(`options.${option}`, `is required by ${provider.name} and must match ${pattern}`);
    } else if (typeof value !== 'string' || !isParameterValue(param, value))
      throw refused(
        `options.${option}`,
        `must match ${pattern}; write the bare value as ${provider.name} shows it, without https:// and without a path`,
      );
  }
}

function checkClientAuth(provider: CatalogueProvider, options: Options): void {
  const chosen = options['token_endpoint_auth_method'];
  if (chosen === undefined || chosen === null) return;
  const path = 'options.token_endpoint_auth_method';
  const accepted = clientAuthMethods(provider, options);
  if (LATER.includes(chosen as string)) throw refused(path, `is not offered yet; use ${accepted.join(' or ')}`);
  if (!accepted.includes(chosen as string))
    throw refused(path, `${provider.name} takes ${accepted.join(' or ')}; choose one of them or leave it out`);
}

/** What an administrator can choose from. */
export function clientAuthMethods(provider: CatalogueProvider, options: Options): string[] {
  const theirs = settingsIn(options).clientAuth?.methods;
  if (!theirs && isGeneric(provider)) return SIMPLE;
  const offered: string[] = (theirs ?? provider.entry.clientAuth.methods).filter((method) => !LATER.includes(method));
  return isSelfHosted(provider) ? [...new Set([...offered, 'none'])] : offered;
}

/** A server that a company runs for itself: its clients are registered as the company likes, public ones too. */
export function isSelfHosted({ entry }: CatalogueProvider): boolean {
  if (entry.kind !== 'oidc') return false;
  const names = [...(entry.endpoints.issuer ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  return names.some((name) => (entry.params[name]?.source ?? 'admin') === 'admin');
}

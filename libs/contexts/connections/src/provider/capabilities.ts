import type { CatalogueProvider } from '@strongroom/providers';
import { refused } from '../connections.errors.js';
import { isOpenidProvider, missingEndpoints } from './discovery-source.js';
import { clientAuthMethods, settingsIn } from './provider-options.js';

type Members = Record<string, unknown>;

/** Whether what a provider says of itself goes together with what we do. @throws ValidationError */
export function checkCapabilities(provider: CatalogueProvider, found: Members, options: Members, path: string): void {
  for (const name of missingEndpoints(provider, options)) {
    const member = name === 'jwks' ? 'jwks_uri' : `${name}_endpoint`;
    if (!found[member])
      throw refused(path, `the provider's metadata name no ${member}; write it by hand as options.${member}`);
  }
  checkClientAuth(provider, found['token_endpoint_auth_methods_supported'], options);
  checkPkce(provider, found['code_challenge_methods_supported'], options);
  if (isOpenidProvider(provider, options))
    checkSignatures(provider, found['id_token_signing_alg_values_supported'], options);
}

function checkClientAuth(provider: CatalogueProvider, theirs: unknown, options: Members): void {
  const chosen = options['token_endpoint_auth_method'];
  const ours = chosen ? [chosen] : clientAuthMethods(provider, options).filter((method) => method !== 'none');
  if (!Array.isArray(theirs) || ours.some((method) => theirs.includes(method))) return;
  const common = clientAuthMethods(provider, options).filter((method) => theirs.includes(method));
  throw refused(
    'options.token_endpoint_auth_method',
    common.length
      ? `the provider takes none of ${ours.join(', ')}; set ${common.join(' or ')}`
      : `the provider and Strongroom have no client authentication method in common; allow ${ours.join(' or ')} there`,
  );
}

function checkPkce(provider: CatalogueProvider, theirs: unknown, options: Members): void {
  const { pkce } = (options['connection_settings'] ?? {}) as { pkce?: unknown };
  const isOff = pkce === 'disabled' || (settingsIn(options).pkce ?? provider.entry.pkce) === 'unsupported';
  if (!Array.isArray(theirs) || theirs.includes('S256') || isOff) return;
  throw refused('options.connection_settings.pkce', 'the provider does not know S256; set disabled to do without PKCE');
}

function checkSignatures(provider: CatalogueProvider, theirs: unknown, options: Members): void {
  const ours = (options['id_token_signed_response_algs'] ?? provider.entry.idToken.algs) as string[];
  if (!Array.isArray(theirs) || ours.some((alg) => theirs.includes(alg))) return;
  throw refused(
    'options.id_token_signed_response_algs',
    `the provider signs ID tokens with none of ${ours.join(', ')}; name an asymmetric algorithm that it offers`,
  );
}

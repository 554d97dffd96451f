import type { Catalogue, CatalogueProvider } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { refused } from '../connections.errors.js';
import { missingEndpoints } from './discovery-source.js';
import { clientAuthMethods } from './provider-options.js';

type Members = Record<string, unknown>;

interface Said {
  row: ConnectionEntity;
  /** What the provider says of itself. */
  found: Members;
  /** The option that led there. */
  path: string;
}

/** Whether what a provider says of itself goes together with what we do. @throws ValidationError */
export function checkCapabilities(catalogue: Catalogue, provider: CatalogueProvider, { row, found, path }: Said): void {
  const { options } = row;
  const entry = catalogue.entryOf(row);
  const missing = missingEndpoints(catalogue, row).find((name) => !found[name]);
  if (missing)
    throw refused(path, `the provider's metadata name no ${missing}; write it by hand as options.${missing}`);
  checkClientAuth(clientAuthMethods(provider, options), found['token_endpoint_auth_methods_supported'], options);
  if (entry.pkce !== 'unsupported') checkPkce(found['code_challenge_methods_supported']);
  if (entry.kind === 'oidc') checkSignatures(entry.idToken.algs, found['id_token_signing_alg_values_supported']);
}

/** Doing without a secret is chosen, never fallen into. */
function checkClientAuth(offered: string[], theirs: unknown, { token_endpoint_auth_method: chosen }: Members): void {
  const ours = typeof chosen === 'string' ? [chosen] : offered.filter((method) => method !== 'none');
  if (!Array.isArray(theirs) || ours.some((method) => theirs.includes(method))) return;
  const common = offered.filter((method) => theirs.includes(method));
  throw refused(
    'options.token_endpoint_auth_method',
    common.length
      ? `the provider does not take ${ours.join(', ')}; set ${common.join(' or ')}`
      : `the provider and Strongroom have no client authentication method in common; allow ${ours.join(' or ')} there`,
  );
}

function checkPkce(theirs: unknown): void {
  if (!Array.isArray(theirs) || theirs.includes('S256')) return;
  throw refused('options.connection_settings.pkce', 'the provider does not know S256; set disabled to do without PKCE');
}

function checkSignatures(ours: string[], theirs: unknown): void {
  if (!Array.isArray(theirs) || ours.some((alg) => theirs.includes(alg))) return;
  throw refused(
    'options.id_token_signed_response_algs',
    `the provider signs ID tokens with none of ${ours.join(', ')}; name an asymmetric algorithm that it offers`,
  );
}

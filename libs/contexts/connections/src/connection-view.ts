import type { ConnectionView } from '@strongroom/contracts';
import type { Catalogue, CatalogueProvider } from '@strongroom/providers';
import type { ConnectionEntity } from './connection.entity.js';
import { warningsOf } from './connection-warnings.js';
import type { DescribedConnection } from './deleted-connections.js';
import { showsButton } from './domain-aliases.js';
import { governing } from './provider/governing-provider.js';
import { addressed, tokenOriginOf } from './provider/secret-receivers.js';
import { scopeSpellings } from './scope-spellings.js';

/** Stands where a secret is; sent back it means "unchanged". */
export const MASK = '********';

/** The legacy switch. */
export const fillsAtSignIn = ({ options }: Pick<ConnectionEntity, 'options'>): boolean =>
  (options['federated_connections_access_tokens'] as { active?: unknown } | null | undefined)?.active === true;

/** What other contexts see. */
export const directoryView = (
  catalogue: Catalogue,
  row: DescribedConnection,
  enabledForClient: boolean,
): ConnectionView => {
  const tokenOrigin = tokenOriginOf(catalogue, row);
  return {
    connectionId: row.id,
    name: row.name,
    displayName: row.displayName ?? row.name,
    strategy: row.strategy,
    vaultActive: row.vaultActive || fillsAtSignIn(row),
    loginActive: row.loginActive,
    fillsAtSignIn: fillsAtSignIn(row),
    allowMissingUserId: row.allowMissingUserId,
    enabledForClient,
    options: row.options,
    metadata: row.providerMetadata,
    tokenOrigin,
    scopeSpellings: scopeSpellings(catalogue, row, tokenOrigin),
  };
};

/** What an administrator sees; the secret is never in it. */
export function shownConnection(
  catalogue: Catalogue,
  row: ConnectionEntity,
  enabledClients: readonly string[],
  publicUrl: { of(path: string): string },
): Record<string, unknown> {
  const warnings = warningsOf(catalogue, row);
  const provider = governing(catalogue, row);
  const { cross_app_access, ...stored } = row.stored;
  return {
    id: row.id,
    name: row.name,
    strategy: row.strategy,
    ...(row.displayName === null ? {} : { display_name: row.displayName }),
    options: row.secretBox === null ? row.options : { ...row.options, client_secret: MASK },
    enabled_clients: enabledClients,
    authentication: { active: row.loginActive },
    connected_accounts: {
      active: row.vaultActive,
      ...(cross_app_access === undefined ? {} : { cross_app_access }),
      ...(row.allowMissingUserId ? { allow_missing_user_id: true } : {}),
    },
    is_domain_connection: row.isDomainConnection,
    ...showsButton(catalogue, row),
    ...(row.metadata === null ? {} : { metadata: row.metadata }),
    ...stored,
    ...(row.builtIn
      ? {}
      : {
          provider_redirect_uris: [
            publicUrl.of(`/connect/callback/${row.name}`),
            publicUrl.of(`/login/callback/${row.name}`),
          ],
        }),
    ...(provider ? { provider: shownProvider(catalogue, row, provider) } : {}),
    ...(warnings.length ? { warnings } : {}),
  };
}

/** Whose rules apply, which a token URL may have decided, and where the client is registered there. */
function shownProvider(catalogue: Catalogue, row: ConnectionEntity, { id, name }: CatalogueProvider) {
  const registerUrl = addressed(catalogue, row).resolved?.registerUrl;
  return { id, name, ...(registerUrl ? { register_url: registerUrl } : {}) };
}

import type { Catalogue, CatalogueProvider } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { refused } from '../connections.errors.js';

type Described = Pick<ConnectionEntity, 'strategy' | 'options'>;

/** Protocols, not providers: such a connection describes its provider itself, unless an entry fits. */
const PROTOCOLS = ['oauth2', 'oidc'];
const OTHER_PROTOCOLS = ['samlp', 'adfs', 'pingfederate', 'sharepoint'];

export const isGeneric = ({ id }: Pick<CatalogueProvider, 'id'>): boolean => PROTOCOLS.includes(id);

/** The entry whose rules this connection follows; null for strategies without a provider, such as passwords of ours. */
export const governing = (catalogue: Catalogue, { strategy, options }: Described): CatalogueProvider | null =>
  catalogue.isOffered(strategy) ? catalogue.providerOf({ strategy, options }) : null;

/**
 * In words for an administrator where the entry that a connection was made with is not in the catalogue any more, as
 * when the operator takes a file of entries away; null: it is there, or there never was one.
 */
export function lostProvider(catalogue: Catalogue, row: Described & Pick<ConnectionEntity, 'builtIn'>): string | null {
  if (row.builtIn || governing(catalogue, row)) return null;
  const named = catalogue.isOffered(row.strategy) ? row.options['provider'] : row.strategy;
  return (
    `the catalogue has no entry ${String(named)} any more, so that nobody can connect and no token is refreshed; ` +
    'bring back the catalogue file that had it, or delete this connection'
  );
}

/** @throws ValidationError that says what is offered instead */
export function requireOffered(catalogue: Catalogue, strategy: string): void {
  if (catalogue.isOffered(strategy)) return;
  throw refused(
    'strategy',
    OTHER_PROTOCOLS.includes(strategy)
      ? 'SAML and WS-Federation are not in the first release; reach the same directory over OpenID Connect, with strategy oidc'
      : `there is no provider entry for this strategy; offered are ${catalogue.offeredStrategies().join(', ')}; ` +
          'describe any other provider with strategy oauth2 or oidc',
  );
}

/** `options.provider` names an entry of the connection's own strategy, or of any for the two protocols. @throws ValidationError */
export function requireKnownProvider(catalogue: Catalogue, { strategy, options }: Described): void {
  const named = options['provider'];
  if (named === undefined || named === null) return;
  const known = [...catalogue.providers.values()];
  const entry = known.find(({ id, aliases }) => id === named || aliases.includes(named as string));
  if (!entry)
    throw refused(
      'options.provider',
      `names no provider of the catalogue; known are ${known.map(({ id }) => id).join(', ')}; ` +
        'leave it out for a provider that is not among them',
    );
  const own = catalogue.providerOf({ strategy, options: {} });
  if (PROTOCOLS.includes(strategy) || own?.strategy === entry.strategy) return;
  throw refused(
    'options.provider',
    `names a provider of strategy ${entry.strategy}, and this connection is of strategy ${strategy}; ` +
      'leave it out, or make a connection of that strategy',
  );
}

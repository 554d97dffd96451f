import { bases } from './bases.js';
import shipped from './catalogue/providers.json' with { type: 'json' };
import { merge } from './merge.js';
import type { ProviderEntry, ProviderSettings } from './provider-entry.js';
import { isOffered, offeredStrategies, type ProviderConnection, resolve, type ResolvedProvider } from './resolve.js';

/** One provider of the catalogue, merged over its base; placeholders are not filled yet. */
export interface CatalogueProvider {
  id: string;
  name: string;
  /** What the Management API calls it. */
  strategy: string;
  entry: ProviderEntry;
}

/** Which providers there are and what is known of each: the shipped entries and the operator's own over them. */
export class Catalogue {
  readonly providers: ReadonlyMap<string, CatalogueProvider>;

  private constructor(entries: Record<string, object>) {
    this.providers = new Map(Object.entries(entries).map(([id, entry]) => [id, providerOf(id, entry)]));
  }

  static shipped(): Catalogue {
    return Catalogue.load([]);
  }

  /** `files`: JSON files of further entries, the later over the earlier (`STRONGROOM_PROVIDERS_FILE`). */
  static load(_files: readonly string[]): Catalogue {
    return new Catalogue(shipped.providers);
  }

  /** Whether a connection of this strategy can be made. */
  isOffered(strategy: string): boolean {
    return isOffered(strategy);
  }

  offeredStrategies(): string[] {
    return offeredStrategies();
  }

  /**
   * One connection, ready to be spoken to.
   *
   * @param given values of parameters that only the flow or the account knows: from the connect request, the callback,
   *   a verified ID token
   * @throws ConnectionMisconfiguredError
   */
  resolve(connection: ProviderConnection, _given: Readonly<Record<string, string>> = {}): ResolvedProvider {
    return resolve(connection);
  }
}

function providerOf(id: string, given: object): CatalogueProvider {
  const {
    extends: base,
    name,
    strategy,
    ...settings
  } = given as { extends: keyof typeof bases; name: string } & {
    strategy?: string;
  };
  const under = base === 'oidc' ? merge(bases.oauth2, bases.oidc) : bases.oauth2;
  return { id, name, strategy: strategy ?? base, entry: merge(under, settings as ProviderSettings) };
}

import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import { type CatalogueFile, type RawEntry, readCatalogue } from './catalogue-files.js';
import type { Discovery } from './discover.js';
import { discoveryOf } from './discovery-of.js';
import { asEntry, mergedEntry } from './catalogue-merge.js';
import type { ProviderEntry } from './provider-entry.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import { entryWith, resolve } from './resolve.js';
import type { ProviderConnection, ResolvedProvider } from './resolved-provider.js';
import { placeholdersIn } from './placeholders.js';

/** One provider of the catalogue, merged over its base; placeholders are not filled yet. */
export interface CatalogueProvider {
  id: string;
  name: string;
  /** What the Management API calls it. */
  strategy: string;
  category: ProviderEntry['category'];
  /** Other ids that are accepted for it. */
  aliases: string[];
  registerUrl?: string;
  entry: ProviderEntry;
  /** SHA-256 over the canonical JSON of the merged entry. */
  version: string;
}

interface Named {
  provider: CatalogueProvider;
  /** Parameters that come with this name. */
  preset: Readonly<Record<string, string>>;
}

/** Which providers there are and what is known of each: the shipped entries and the operator's own over them. */
export class Catalogue {
  readonly providers: ReadonlyMap<string, CatalogueProvider>;
  private readonly names = new Map<string, Named>();
  private readonly tokenUrls = new Map<string, CatalogueProvider>();
  private static readonly asShipped: { catalogue?: Catalogue } = {};

  private constructor({ bases, providers }: CatalogueFile) {
    const merged = Object.entries(providers).map(([id, raw]) => mergedOver(bases, id, raw));
    this.providers = new Map(merged.map(({ provider }) => [provider.id, provider]));
    const add = (name: string, named: Named) => this.names.has(name) || this.names.set(name, named);
    // An id is stronger than another entry's alias, and that than the name several entries share.
    for (const { provider } of merged) add(provider.id, { provider, preset: {} });
    for (const { provider, presets } of merged) {
      for (const alias of provider.aliases) add(alias, { provider, preset: {} });
      for (const [alias, preset] of Object.entries(presets)) add(alias, { provider, preset });
    }
    for (const { provider } of merged) add(provider.strategy, { provider, preset: {} });
    for (const { provider } of merged) {
      const url = defaultTokenUrl(provider.entry);
      if (url && !this.tokenUrls.has(url)) this.tokenUrls.set(url, provider);
    }
  }

  static shipped(): Catalogue {
    return (Catalogue.asShipped.catalogue ??= new Catalogue(readCatalogue([])));
  }

  /**
   * @param files JSON files of further entries, the later over the earlier (`STRONGROOM_PROVIDERS_FILE`)
   * @throws InvalidCatalogueError naming file and place of each fault
   */
  static load(files: readonly string[]): Catalogue {
    return files.length === 0 ? Catalogue.shipped() : new Catalogue(readCatalogue(files));
  }

  /** Entries that are checked already, for tests that change one. */
  static of(file: CatalogueFile): Catalogue {
    return new Catalogue(file);
  }

  /** Whether a connection of this strategy can be made. */
  isOffered(strategy: string): boolean {
    return this.names.has(strategy);
  }

  /** Names of the Management API first, then ids that have none there. */
  offeredStrategies(): string[] {
    const all = [...this.providers.values()];
    return [...new Set([...all.map(({ strategy }) => strategy), ...all.map(({ id }) => id)])];
  }

  /** The entry that governs a connection; a custom one that names a known provider, or its token URL, gets its rules. */
  providerOf(connection: Pick<ProviderConnection, 'strategy' | 'options'>): CatalogueProvider | null {
    return this.named(connection)?.provider ?? null;
  }

  /** The connection option that a parameter is configured by. */
  optionOf(providerId: string, param: string): string {
    return this.providers.get(providerId)?.entry.params[param]?.option ?? param;
  }

  /**
   * One connection, ready to be spoken to.
   *
   * @param given what only the flow or the account knows: parameters of the connect request, of the callback or of a
   *   verified ID token, and extras of the token answer
   * @throws MissingParametersError where only such a parameter is missing
   * @throws ConnectionMisconfiguredError
   */
  resolve(
    connection: ProviderConnection,
    given: Readonly<Record<string, string>> = {},
    { hasRefreshToken = false }: { hasRefreshToken?: boolean } = {},
  ): ResolvedProvider {
    const named = this.named(connection);
    const governing = hasRefreshToken ? named?.provider.entry.whenRefreshable : undefined;
    const provider = (governing !== undefined && this.providers.get(governing)) || named?.provider;
    return resolve(connection, provider ?? null, { given, preset: named?.preset ?? {}, hasRefreshToken });
  }

  /** What is known of a connection's provider before any flow, its options included. @throws ConnectionMisconfiguredError */
  entryOf(connection: Pick<ProviderConnection, 'strategy' | 'options'>): ProviderEntry {
    const provider = this.providerOf(connection);
    if (!provider) throw new ConnectionMisconfiguredError(`no provider is known for strategy ${connection.strategy}`);
    return entryWith(provider.entry, connection.options);
  }

  /** Where the metadata of a connection's provider stand and whom they may name; null: it has none. */
  discoveryOf(connection: Pick<ProviderConnection, 'strategy' | 'options'>): Discovery | null {
    const provider = this.providerOf(connection);
    if (!provider) return null;
    const preset = this.named(connection)?.preset ?? {};
    return discoveryOf(entryWith(provider.entry, connection.options), connection.options, preset);
  }

  private named({ strategy, options }: Pick<ProviderConnection, 'strategy' | 'options'>): Named | undefined {
    const { provider, tokenURL } = options;
    if (typeof provider === 'string' && provider !== '') return this.names.get(provider);
    const known = strategy === 'oauth2' && typeof tokenURL === 'string' ? this.tokenUrls.get(tokenURL) : undefined;
    return known ? { provider: known, preset: {} } : this.names.get(strategy);
  }
}

function mergedOver(
  bases: Record<string, RawEntry>,
  id: string,
  raw: RawEntry,
): { provider: CatalogueProvider; presets: Record<string, Record<string, string>> } {
  const whole = mergedEntry(bases, raw);
  const { extends: _, name, strategy, aliases, presets, ...entry } = whole;
  const provider: CatalogueProvider = {
    id,
    name: name as string,
    strategy: strategy as string,
    category: entry['category'] as ProviderEntry['category'],
    aliases: aliases as string[],
    ...(typeof entry['registerUrl'] === 'string' ? { registerUrl: entry['registerUrl'] } : {}),
    entry: asEntry(entry),
    version: createHash('sha256').update(canonicalJson(whole)).digest('hex'),
  };
  return { provider, presets: (presets ?? {}) as Record<string, Record<string, string>> };
}

/** Null where it depends on what only a connection can say. */
function defaultTokenUrl({ endpoints: { token }, params }: ProviderEntry): string | null {
  if (token === undefined || Object.values(params).some(({ required }) => required)) return null;
  if (placeholdersIn(token).some((name) => params[name]?.default === undefined)) return null;
  return token.replace(/\{([^}]+)\}/g, (_, name: string) => params[name]!.default!);
}

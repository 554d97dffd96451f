import { Catalogue, loadFixtures } from '@strongroom/providers';
import type { IdTokens } from '../id-tokens.js';
import { Provider } from '../provider.js';
import { Addresses } from './addresses.js';
import { EntryDialect, type Stage } from './entry-dialect.js';
import { EntryRoutes } from './entry-routes.js';
import { partOf, type Part } from './entry.js';
import { overlayOf, type Overlay } from './overlay.js';
import { Routes } from './routes.js';

export interface Files {
  /** Further catalogue entries, as the vault reads them. */
  providersFiles: readonly string[];
  /** Further recorded answers. */
  fixtureFiles: readonly string[];
}

/** Every provider of the catalogue, ready to be played. */
export class Ensemble {
  private readonly parts: ReadonlyMap<string, Part>;

  constructor({ providersFiles, fixtureFiles }: Files) {
    const fixtures = loadFixtures(fixtureFiles).providers;
    const { providers } = Catalogue.load(providersFiles);
    this.parts = new Map([...providers].map(([id, provider]) => [id, partOf(provider, fixtures[id])]));
  }

  has(id: string): boolean {
    return this.parts.has(id);
  }

  overlay(origin: string): Overlay {
    const providers = [...this.parts].map(([id, part]) => [id, overlayOf(part, new Addresses(origin, id))]);
    return { version: 1, providers: Object.fromEntries(providers) as Record<string, object> };
  }

  /** One provider with all its addresses. */
  play(
    id: string,
    { origin, idTokens, now }: { origin: string; idTokens: IdTokens; now: (() => number) | undefined },
  ): { provider: Provider; routes: EntryRoutes } {
    const part = this.parts.get(id)!;
    const stage: Stage = {
      addresses: new Addresses(origin, id),
      idTokens,
      settings: () => provider.settings,
      wallNow: () => provider.wallNow(),
      newSecret: () => provider.grants.secret('other'),
    };
    const dialect = new EntryDialect(part, stage);
    const provider: Provider = new Provider(part.name, dialect, now);
    return { provider, routes: new EntryRoutes(provider, dialect, stage, new Routes(part)) };
  }
}

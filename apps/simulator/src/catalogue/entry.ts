import type { CatalogueProvider, Fixture, FixtureCase, ProviderEntry } from '@strongroom/providers';

export type Entry = ProviderEntry;

/** One provider to play: what the catalogue says of it, and what it was seen to answer. */
export interface Part {
  id: string;
  name: string;
  entry: Entry;
  fixture: Fixture | null;
}

export const partOf = ({ id, name, entry }: CatalogueProvider, fixture: Fixture | undefined): Part => ({
  id,
  name,
  entry,
  fixture: fixture ?? null,
});

export const casesOf = ({ fixture }: Part): FixtureCase[] => Object.values(fixture?.cases ?? {});

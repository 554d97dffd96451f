import entries from 'virtual:catalogue';

export interface Permission {
  value: string;
  label: string;
  /** Further words that it is found by. */
  keywords: string[];
  sensitive: boolean;
}

export interface ProviderSetting {
  /** Name of the connection's option. */
  option: string;
  pattern: string;
  required: boolean;
  usual?: string;
}

/** A provider as the form of a new connection knows it. */
export interface CatalogueEntry {
  id: string;
  name: string;
  category: string;
  registerUrl?: string;
  settings: ProviderSetting[];
  /** Nobody asks for scopes: the app at the provider says what it may do. */
  permissionsAtProvider: boolean;
  permissions: Permission[];
}

/** The shipped catalogue. An operator's own entries are not in it; their ids are typed. */
export const catalogue = entries as readonly CatalogueEntry[];

export const entryOf = (id: string | undefined): CatalogueEntry | undefined => catalogue.find((one) => one.id === id);

/** By value, label and keywords, without case. */
export function found(permissions: readonly Permission[], words: string): Permission[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return permissions.filter(({ value, label, keywords }) => {
    const text = [value, label, ...keywords].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

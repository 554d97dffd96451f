import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import type { CatalogueEntry } from './src/admin/connections/catalogue.js';

const FILE = new URL('../../libs/platform/providers/src/catalogue/providers.json', import.meta.url);
const MODULE = 'virtual:catalogue';

/** Of an entry, what the form of a new connection asks by (`catalogue.ts`). */
interface ShippedEntry {
  name: string;
  category?: string;
  extends: string;
  registerUrl?: string;
  params?: Record<string, { pattern: string; default?: string; required?: boolean; source?: string; option?: string }>;
  authorization?: { scopeParam?: string };
  scopes?: { value: string; label: string; keywords?: string[]; sensitive?: boolean }[];
}

interface Shipped {
  bases: Record<string, Pick<ShippedEntry, 'scopes'>>;
  providers: Record<string, ShippedEntry>;
}

/** Described by the administrator in a form of their own. */
const PROTOCOLS = ['oauth2', 'oidc'];

/** No public route answers the catalogue, so the part of it that people choose by is built in, from the one file of it. */
export const catalogue = (): Plugin => ({
  name: 'strongroom-catalogue',
  resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
  load: (id) => {
    if (id !== `\0${MODULE}`) return undefined;
    const { bases, providers } = JSON.parse(readFileSync(FILE, 'utf8')) as Shipped;
    const entries = Object.entries(providers)
      .filter(([provider]) => !PROTOCOLS.includes(provider))
      .map(([provider, entry]) => shownEntry(provider, entry, bases))
      .sort((one, other) => one.name.localeCompare(other.name, 'en'));
    return `export default ${JSON.stringify(entries)}`;
  },
});

function shownEntry(id: string, entry: ShippedEntry, bases: Shipped['bases']): CatalogueEntry {
  const { name, category = 'generic', registerUrl, params = {}, authorization } = entry;
  return {
    id,
    name,
    category,
    ...(registerUrl && !registerUrl.includes('{') ? { registerUrl } : {}),
    settings: Object.entries(params)
      .filter(([, { source }]) => source === 'admin')
      .map(([param, { pattern, default: usual, required = false, option = param }]) => ({
        ...{ option, pattern, required },
        ...(usual === undefined ? {} : { usual }),
      })),
    permissionsAtProvider: authorization?.scopeParam === '',
    permissions: (entry.scopes ?? bases[entry.extends]?.scopes ?? []).map(
      ({ value, label, keywords = [], sensitive = false }) => ({ value, label, keywords, sensitive }),
    ),
  };
}

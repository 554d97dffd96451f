import {
  type Catalogue,
  ConnectionMisconfiguredError,
  MissingParametersError,
  unknownPermissions,
} from '@strongroom/providers';
import type { ConnectionEntity } from './connection.entity.js';
import { governing, lostProvider } from './provider/governing-provider.js';
import { providerConnection } from './provider/secret-receivers.js';

const DAY_MS = 86_400_000;

/** What an administrator should know and nothing else would tell. */
export function warningsOf(catalogue: Catalogue, row: ConnectionEntity): string[] {
  const provider = governing(catalogue, row);
  if (!provider) return [lostProvider(catalogue, row) ?? []].flat();
  return [
    ...scriptsIn(row.options),
    ...unknownPermissions(provider.entry, row.options).map((name) => `permission not known: ${name}`),
    ...misconfiguration(catalogue, row),
    ...(row.metadataRefused === null ? [] : [row.metadataRefused]),
    ...staleness(row.metadataFailingSince),
  ];
}

const INSTEAD: Record<string, string> = {
  fetchUserProfile: '; name the account with options.userInfoURL and options.fieldsMap',
  getLogoutUrl: '',
};

function scriptsIn(options: Record<string, unknown>): string[] {
  const scripts = (options['scripts'] ?? {}) as Record<string, unknown>;
  return Object.keys(INSTEAD)
    .filter((name) => scripts[name])
    .map((name) => `options.scripts.${name} is stored and not executed${INSTEAD[name]}`);
}

function misconfiguration(catalogue: Catalogue, row: ConnectionEntity): string[] {
  try {
    catalogue.resolve(providerConnection(row));
    return [];
  } catch (error) {
    if (error instanceof MissingParametersError) return []; // each flow brings its own
    if (error instanceof ConnectionMisconfiguredError) return [error.message];
    throw error;
  }
}

/** A short outage of discovery concerns nobody. */
function staleness(since: Date | null): string[] {
  if (since === null || Date.now() - since.getTime() < DAY_MS) return [];
  return [`the provider's metadata could not be read since ${since.toISOString()}; what they said before stays in use`];
}

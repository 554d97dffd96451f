import { type Catalogue, ConnectionMisconfiguredError } from '@strongroom/providers';
import type { ConnectionEntity } from './connection.entity.js';

/** Booleans of the options that are settings and no permissions (`spec/providers.md` §8). */
const SETTINGS = new Set([
  'offline_access',
  'profile',
  'pkce_enabled',
  'useOauthSpecScope',
  'revoke_on_delete',
  'keep_fresh',
  'set_user_root_attributes',
]);

/** What an administrator should know and nothing else would tell. */
export function warningsOf(catalogue: Catalogue, row: ConnectionEntity): string[] {
  if (!catalogue.isOffered(row.strategy)) return [];
  const warnings: string[] = [];
  const scripts = (row.options['scripts'] ?? {}) as Record<string, unknown>;
  for (const name of ['fetchUserProfile', 'getLogoutUrl'])
    if (scripts[name]) warnings.push(`options.scripts.${name} is stored and not executed${INSTEAD[name]}`);
  const unknown = Object.keys(row.options).filter((name) => row.options[name] === true && !SETTINGS.has(name));
  for (const name of unknown) warnings.push(`permission not known: ${name}`);
  const problem = misconfiguration(catalogue, row);
  if (problem) warnings.push(problem);
  return warnings;
}

const INSTEAD: Record<string, string> = {
  fetchUserProfile: '; name the account with options.userInfoURL and options.fieldsMap',
  getLogoutUrl: '',
};

function misconfiguration(catalogue: Catalogue, row: ConnectionEntity): string | undefined {
  try {
    catalogue.resolve({
      connectionId: row.id,
      name: row.name,
      strategy: row.strategy,
      options: row.options,
      metadata: row.providerMetadata,
    });
    return undefined;
  } catch (error) {
    if (error instanceof ConnectionMisconfiguredError) return error.message;
    throw error;
  }
}

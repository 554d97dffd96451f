import type { ConnectionView } from '@strongroom/contracts';
import type { ResolvedProvider } from '@strongroom/providers';

/**
 * Of `scopes`, those above the ceiling that the connection sets by `options.allowed_scopes`. What goes along with every
 * request whatever was asked, the base and offline scopes, is not held against it.
 */
export function beyondCeiling(
  connection: ConnectionView,
  { entry: { authorization }, offlineAllowed }: Pick<ResolvedProvider, 'entry' | 'offlineAllowed'>,
  scopes: readonly string[],
): string[] {
  const ceiling: unknown = connection.options['allowed_scopes'];
  if (!Array.isArray(ceiling)) return [];
  const always = [...authorization.baseScopes, ...(offlineAllowed ? authorization.offlineScopes : [])];
  return scopes.filter((scope) => !ceiling.includes(scope) && !always.includes(scope));
}

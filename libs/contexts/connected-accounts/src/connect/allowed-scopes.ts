import type { ConnectionView } from '@strongroom/contracts';
import { isOneResource, type ResolvedProvider } from '@strongroom/providers';

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

/** Why these scopes cannot be asked for, if they cannot. `before`: those of the account that is connected again. */
export function scopesProblem(
  connection: ConnectionView,
  provider: ResolvedProvider,
  asked: readonly string[] | undefined,
  before: readonly string[],
): string | null {
  const wanted = asked ?? provider.scopes;
  if (beyondCeiling(connection, provider, wanted).length > 0)
    return asked
      ? 'must stay within the allowed scopes of the connection'
      : 'is required: the scopes that the connection is configured with go beyond those it allows';
  const { baseScopes, offlineScopes, singleResource } = provider.entry.authorization;
  return singleResource && !isOneResource([...baseScopes, ...before, ...wanted, ...offlineScopes])
    ? 'must be of one resource: this provider gives no token for two; make one connection for each'
    : null;
}

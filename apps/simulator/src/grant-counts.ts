import type { Grant } from './grants.js';

/** What became of each grant, and all of them together. */
export function countsOf(
  grants: readonly Grant[],
  refreshTokens: ReadonlyMap<string, { grant: Grant }>,
  isAlive: (token: string) => boolean,
) {
  const perGrant = grants.map((grant) => {
    const own = [...refreshTokens].filter(([, token]) => token.grant === grant);
    const live = own.filter(([token]) => isAlive(token)).length;
    return {
      id: grant.id,
      person: grant.person,
      scopes: grant.scopes,
      isDead: grant.isDead,
      liveRefreshTokens: live,
      deadRefreshTokens: own.length - live,
      presentationsOfReplaced: grant.presentationsOfReplaced,
      callsAfterDeath: grant.callsAfterDeath,
    };
  });
  const sum = (of: (counted: (typeof perGrant)[number]) => number) =>
    perGrant.reduce((all, counted) => all + of(counted), 0);
  return {
    liveRefreshTokens: sum((one) => one.liveRefreshTokens),
    deadRefreshTokens: sum((one) => one.deadRefreshTokens),
    liveGrants: perGrant.filter(({ isDead }) => !isDead).length,
    presentationsOfReplaced: sum((one) => one.presentationsOfReplaced),
    callsAfterDeath: sum((one) => one.callsAfterDeath),
    grants: perGrant,
  };
}

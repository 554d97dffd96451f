import { providerSettings, type ProviderSettings } from '../settings.js';
import { casesOf, type Entry, type Part } from './entry.js';

/** How long this provider's access tokens live when nobody says otherwise; Infinity: its answers name no end. */
export function usualSeconds(part: Part): number {
  const { refresh, tokenResponse } = part.entry;
  const seen = casesOf(part).find(({ phase, expect }) => phase === 'exchange' && expect['class'] === 'ok')?.expect;
  if (seen?.['expiresAt'] === null && tokenResponse.noExpiry === 'non-expiring') return Infinity;
  return refresh.accessTtlSeconds ?? tokenResponse.defaultTtlSeconds ?? (refresh.mode === 'none' ? Infinity : 3600);
}

/** A provider behaves as its entry says it does. */
export function defaultsOf(part: Part): ProviderSettings {
  const { entry } = part;
  const { refresh } = entry;
  return providerSettings.parse({
    requirePkce: entry.pkce === 'required',
    accessTokenSeconds: null,
    refresh: {
      rotate: { none: 'never', static: 'never', optional: 'optional', rotating: 'always' }[refresh.mode],
      reuse: reuseOf(refresh.reuse),
      graceSeconds: Math.min(refresh.graceSeconds ?? 0, 86_400),
    },
    refreshEndsAccessTokens: refresh.invalidatesAccessToken,
    idleSeconds: refresh.idleSeconds,
    absoluteSeconds: refresh.absoluteSeconds,
    maxLive: refresh.maxLive?.overflow === 'rejects' ? null : (refresh.maxLive?.count ?? null),
    issueRefreshToken: refresh.mode !== 'none',
    requirePushedAuthorization: part.fixture?.given.metadata?.['require_pushed_authorization_requests'] === true,
    iss: saysIss(part) ? 'right' : 'absent',
    issPromised: promisesIss(part),
  });
}

const reuseOf = (reuse: Entry['refresh']['reuse']): string =>
  ({ tolerated: 'ok', grace: 'grace', rejected: 'reject', 'revokes-grant': 'killGrant', unknown: 'reject' })[reuse];

const promisesIss = ({ fixture }: Part): boolean =>
  fixture?.given.metadata?.['authorization_response_iss_parameter_supported'] === true;

const saysIss = (part: Part): boolean =>
  promisesIss(part) ||
  part.entry.authorization.iss === 'require' ||
  casesOf(part).some(
    ({ callback, expect }) =>
      callback !== undefined && expect['outcome'] === 'code' && new URL(callback).searchParams.has('iss'),
  );

import { isDeepStrictEqual } from 'node:util';
import type { EgressAnswer } from '@strongroom/egress';
import { type ProviderError, refusalOf, retryAfterOf } from './classify.js';
import { millisecondsOf } from './dates.js';
import { at, firstAt } from './pointer.js';
import type { TokenPaths } from './provider-entry.js';
import { readBody } from './read-body.js';
import type { ResolvedProvider } from './resolved-provider.js';
import { unique } from './scopes.js';

export interface ProviderTokens {
  outcome: 'tokens';
  accessToken: string;
  /** Null in a refresh answer: the one that was sent stays in use. */
  refreshToken: string | null;
  idToken: string | null;
  /** As granted. */
  scopes: string[];
  /** Null: the provider names no end. */
  expiresAt: Date | null;
  /** False: the answer names none, and `expiresAt` is what the entry assumes. */
  saysLifetime: boolean;
  refreshExpiresAt: Date | null;
  /** Values a caller needs beside the token, `instance_url` and the like. */
  extras: Record<string, unknown>;
  /** The whole answer, to read the account from; never stored. */
  raw: unknown;
}

/** RFC 6749 appendix A.12: what else is in it no header can carry, so nobody could ever use it. */
const ACCESS_TOKEN = /^[\x20-\x7e]+$/;
/** Said by providers whose token is sent as Bearer all the same. */
const BEARER_NAMES = ['bearer', 'bot', 'user'];
const YEAR_SECONDS = 365 * 24 * 3600;
const CENTURY_SECONDS = 100 * YEAR_SECONDS;

/**
 * Reads the answer to `tokenRequest` (`spec/providers.md` §4). `asked`: the scopes of the authorization request, in a
 * refresh those granted before; `grantedBefore`: what the account had, when it is connected again. `now`: the database's time before the send, so that no token is thought to live longer
 * than it does.
 */
export function readTokenAnswer(
  resolved: ResolvedProvider,
  phase: 'exchange' | 'refresh',
  asked: { scopes: string[]; grantedBefore?: string[] },
  answer: EgressAnswer,
  now: Date,
): ProviderTokens | ProviderError {
  const { tokenResponse, refresh } = resolved.entry;
  const body = readBody(answer, tokenResponse.formats);
  const paths = phase === 'refresh' ? { ...tokenResponse.paths, ...tokenResponse.refreshPaths } : tokenResponse.paths;
  const malformed = (code: string): ProviderError => ({
    outcome: 'error',
    class: 'malformed',
    code,
    status: answer.status,
    retryAfter: retryAfterOf(resolved, answer.headers, now),
  });

  const accessToken = firstAt(body, paths.accessToken ?? []);
  const isSuccess =
    answer.status >= 200 &&
    answer.status < 300 &&
    tokenResponse.success.every(({ path, equals }) => isDeepStrictEqual(at(body, path), equals)) &&
    typeof accessToken === 'string';
  if (!isSuccess) return refusalOf(resolved, phase, answer, body, now);

  const tokenType = firstAt(body, paths.tokenType ?? []) ?? tokenResponse.defaultTokenType;
  if (typeof tokenType !== 'string' || !BEARER_NAMES.includes(tokenType.toLowerCase()))
    return malformed('unsupported_token_type');
  // A refresh has spent its token by now: what came with this one is kept all the same.
  if (phase === 'exchange' && !ACCESS_TOKEN.test(accessToken)) return malformed('unusable_access_token');
  const refreshToken = stringAt(body, paths.refreshToken);
  if (phase === 'refresh' && refresh.mode === 'rotating' && refreshToken === null)
    return malformed('missing_refresh_token');
  const refreshLife = secondsAt(body, paths.refreshExpiresIn);
  return {
    outcome: 'tokens',
    accessToken,
    refreshToken,
    idToken: stringAt(body, paths.idToken),
    scopes: scopesOf(resolved, phase, saidAt(body, paths.scope), asked),
    ...expiryOf(resolved, paths, body, now),
    refreshExpiresAt: refreshLife === null ? null : after(now, refreshLife, CENTURY_SECONDS),
    extras: Object.fromEntries(
      Object.entries(tokenResponse.extras)
        .map(([name, pointer]) => [name, at(body, pointer)] as const)
        .filter(([, value]) => value !== undefined && value !== null),
    ),
    raw: body,
  };
}

/** `expires_in`, else `expires_at`, else what the entry says of an unknown lifetime. */
function expiryOf(
  { entry: { tokenResponse } }: ResolvedProvider,
  paths: TokenPaths,
  body: unknown,
  now: Date,
): { expiresAt: Date | null; saysLifetime: boolean } {
  const seconds = secondsAt(body, paths.expiresIn);
  if (seconds !== null) {
    const unit = tokenResponse.issuedAtUnit === 'ms' ? 1 : 1000;
    const issuedAt = tokenResponse.expiryFrom === 'issuedAt' ? secondsAt(body, paths.issuedAt) : null;
    const start = issuedAt === null ? now : new Date(issuedAt * unit);
    return { expiresAt: after(start, seconds), saysLifetime: true };
  }
  const expiresAt = instantAt(body, paths.expiresAt);
  if (expiresAt !== null) return { expiresAt: after(now, (expiresAt - now.getTime()) / 1000), saysLifetime: true };
  const assumed = tokenResponse.noExpiry === 'non-expiring' ? undefined : tokenResponse.defaultTtlSeconds;
  return { expiresAt: assumed ? after(now, assumed) : null, saysLifetime: false };
}

/** `most`: no access token is believed to live longer; the end of a grant is kept as it was said. */
const after = (start: Date, seconds: number, most = YEAR_SECONDS): Date =>
  new Date(start.getTime() + Math.min(seconds, most) * 1000);

/** A number or a numeric string above zero; anything else is unknown. */
function secondsAt(body: unknown, pointers: string[] | undefined): number | null {
  const value = firstAt(body, pointers ?? []);
  const seconds =
    typeof value === 'number' || (typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value)) ? Number(value) : NaN;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** Milliseconds since 1970 of a date or a number; no second of this century has that many digits. */
function instantAt(body: unknown, pointers: string[] | undefined): number | null {
  const number = secondsAt(body, pointers);
  if (number !== null) return number > 1e11 ? number : number * 1000;
  const value = firstAt(body, pointers ?? []);
  const date = typeof value === 'string' ? millisecondsOf(value) : NaN;
  return Number.isFinite(date) ? date : null;
}

/** Of `auto` each of them separates. */
const SEPARATORS: Readonly<Record<string, RegExp>> = { ' ': /\s+/, ',': /,/ };

const stringAt = (body: unknown, pointers: string[] | undefined): string | null => {
  const value = firstAt(body, pointers ?? []);
  return typeof value === 'string' ? value : null;
};

/** Unlike `firstAt`, an empty string is a value here: it says that nothing was granted. */
const saidAt = (body: unknown, pointers: string[] | undefined): unknown =>
  (pointers ?? []).map((pointer) => at(body, pointer)).find((value) => value !== undefined && value !== null);

function scopesOf(
  { entry: { tokenResponse } }: ResolvedProvider,
  phase: 'exchange' | 'refresh',
  said: unknown,
  asked: { scopes: string[]; grantedBefore?: string[] },
): string[] {
  if (Array.isArray(said)) return unique(said.filter((one): one is string => typeof one === 'string'));
  if (typeof said === 'string')
    return unique(said.split(SEPARATORS[tokenResponse.scopeDelimiter] ?? /[\s,+]+/).map((one) => one.trim()));
  if (phase === 'refresh') return unique(asked.scopes);
  if (tokenResponse.scopeAbsent === 'none') return [];
  return unique(tokenResponse.scopeAbsent === 'keep-previous' ? (asked.grantedBefore ?? asked.scopes) : asked.scopes);
}

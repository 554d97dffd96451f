import type { FixtureCase } from '@strongroom/providers';
import type { TokenAnswer } from '../dialect.js';
import type { Answer } from '../http.js';
import { casesOf, type Entry, type Part } from './entry.js';
import { at, drop, isThere, mapTexts, put } from './pointers.js';

export interface Told extends TokenAnswer {
  idToken: string | null;
  /** Seconds that the answer must name even where this provider usually names none. */
  sayLifetime: boolean;
  refreshTokenSeconds: number | null;
  now: number;
  /** Puts what tells about the person where the entry looks for it. `template`: the answer so far, if one was recorded. */
  personal: (template: object | undefined) => object;
  newSecret: () => string;
}
type Paths = Entry['tokenResponse']['paths'];
interface Template {
  status: number;
  headers: Record<string, string>;
  body: object;
  isForm: boolean;
}

/** A token answer in the provider's own form, recorded or built from its entry, with fresh tokens in it. */
export function tokenBody(part: Part, told: Told): Answer {
  const { entry } = part;
  const paths = { ...entry.tokenResponse.paths, ...(told.phase === 'refresh' ? entry.tokenResponse.refreshPaths : {}) };
  const template = templateOf(part, told);
  const body = told.personal(template === null ? undefined : withFreshSecrets(template.body, told));
  if (!template) fillIn(entry, paths, body, told);
  placeTokens(paths, body, told);
  placeLifetimes(entry, paths, body, told, template !== null);
  placeScopes(entry, paths, body, told, template !== null);
  const isForm = template?.isForm ?? !entry.tokenResponse.formats.includes('json');
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  return {
    status: template?.status ?? 200,
    headers: { 'content-type': type, 'cache-control': 'no-store', ...template?.headers },
    body: isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body),
  };
}

/** The recorded success that is most like this one: the same kind of call, a refresh token or none. */
function templateOf(part: Part, { phase, tokens }: Told): Template | null {
  const previous = (one: FixtureCase) =>
    phase === 'refresh' && one.response?.body?.includes('"refresh_token"') === false;
  const hasRefreshToken = (one: FixtureCase) => typeof one.expect['refreshToken'] === 'string' && !previous(one);
  const good = casesOf(part).filter((one) => one.phase === phase && one.expect['class'] === 'ok' && one.response);
  const best = good.find((one) => hasRefreshToken(one) === (tokens.refreshToken !== null)) ?? good[0];
  if (!best) return null;
  const { status, headers = {}, body = '' } = best.response!;
  const asJson = jsonIn(body);
  return {
    status: status ?? 200,
    headers,
    body: asJson ?? Object.fromEntries(new URLSearchParams(body)),
    isForm: asJson === undefined,
  };
}

function jsonIn(body: string): object | undefined {
  try {
    // A mark of byte order is white space to readers, and none to this one.
    const value: unknown = JSON.parse(body.trim());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Tokens beside those that the entry takes are as fresh, though nobody accepts them. */
const withFreshSecrets = (body: object, { idToken, newSecret: fresh }: Told): object =>
  mapTexts(body, (text) =>
    text === '{{id_token}}' ? (idToken ?? undefined) : text.startsWith('cnry_') ? fresh() : text,
  ) as object;

function fillIn({ tokenResponse, kind }: Entry, paths: Paths, body: object, { idToken }: Told): void {
  for (const { path, equals } of tokenResponse.success) put(body, path, equals);
  for (const [name, pointer] of Object.entries(tokenResponse.extras))
    if (!isThere(body, pointer)) put(body, pointer, `simulated-${name}`);
  if (paths.tokenType?.[0]) put(body, paths.tokenType[0], tokenResponse.defaultTokenType);
  if (kind === 'oidc' && idToken !== null && paths.idToken?.[0]) put(body, paths.idToken[0], idToken);
}

function placeTokens(paths: Paths, body: object, { tokens }: Told): void {
  put(body, placeFor(body, paths.accessToken), tokens.accessToken);
  if (tokens.refreshToken === null) for (const pointer of paths.refreshToken ?? []) drop(body, pointer);
  else put(body, placeFor(body, paths.refreshToken), tokens.refreshToken);
}

function placeLifetimes(entry: Entry, paths: Paths, body: object, told: Told, isRecorded: boolean): void {
  const { issuedAtUnit } = entry.tokenResponse;
  const seconds = told.tokens.accessTokenSeconds;
  const isSaid = (pointers: string[] | undefined) => pointers?.some((pointer) => isThere(body, pointer)) ?? false;
  const says = told.sayLifetime || !isRecorded;
  if (Number.isFinite(seconds)) {
    if (isSaid(paths.expiresIn) || (says && paths.expiresIn?.length))
      putLike(body, placeFor(body, paths.expiresIn), seconds);
    if (isSaid(paths.expiresAt) || (says && paths.expiresAt?.length))
      putLike(body, placeFor(body, paths.expiresAt), Math.floor(told.now / 1000) + seconds);
  }
  if (paths.issuedAt?.length)
    putLike(body, placeFor(body, paths.issuedAt), issuedAtUnit === 'ms' ? told.now : Math.floor(told.now / 1000));
  if (told.refreshTokenSeconds !== null && told.tokens.refreshToken !== null && paths.refreshExpiresIn?.length)
    putLike(body, placeFor(body, paths.refreshExpiresIn), told.refreshTokenSeconds);
}

function placeScopes(entry: Entry, paths: Paths, body: object, told: Told, isRecorded: boolean): void {
  const pointers = paths.scope ?? [];
  const { scopes } = told.tokens;
  if (pointers.length === 0 || entry.authorization.scopeParam === '') return;
  const pointer = placeFor(body, pointers);
  const before = at(body, pointer);
  const isWhole = told.grant.consent.asked.every((scope) => scopes.includes(scope));
  if (before === undefined && isRecorded && isWhole) return;
  put(body, pointer, Array.isArray(before) ? scopes : scopes.join(delimiterOf(entry, before)));
}

function delimiterOf({ tokenResponse, authorization }: Entry, before: unknown): string {
  if (tokenResponse.scopeDelimiter !== 'auto') return tokenResponse.scopeDelimiter;
  if (typeof before === 'string' && before.includes(' ')) return ' ';
  return typeof before === 'string' && before.includes(',') ? ',' : authorization.scopeDelimiter;
}

/** The first place that has a value, for that is where it is read; else the first of all. */
const placeFor = (body: object, pointers: string[] | undefined): string =>
  pointers?.find((pointer) => isThere(body, pointer)) ?? pointers?.[0] ?? '';

/** A number as text where it was text before. */
const putLike = (body: object, pointer: string, value: number): void =>
  put(body, pointer, typeof at(body, pointer) === 'string' ? String(value) : value);

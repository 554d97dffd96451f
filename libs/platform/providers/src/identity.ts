import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { isRefusal, type ProviderError, refusalOf } from './classify.js';
import { bearer } from './client-authentication.js';
import { headersOf } from './headers.js';
import { fill, fillBody, fillHeaders, fillUrl } from './placeholders.js';
import { at } from './pointer.js';
import { readBody } from './read-body.js';
import { IdTokenRefusedError } from './providers.errors.js';
import type { ResolvedProvider } from './resolved-provider.js';

/** What an account is read from. `request` and `userinfo` are two names of the one answer we asked for. */
export interface IdentityDocuments {
  id_token?: unknown;
  userinfo?: unknown;
  request?: unknown;
  token?: unknown;
  callback?: unknown;
  param?: unknown;
}

/** Who the provider says this is. Only subject and tenant are a key; the others are shown and may change. */
export interface ProviderIdentity {
  subject: string | null;
  tenant: string | null;
  /** Who vouches for it: the issuer, else the host tokens come from. */
  issuer: string;
  label: string | null;
  email: string | null;
}

/**
 * The account as the documents name it.
 *
 * @throws IdTokenRefusedError if userinfo is about somebody else, or a claim is not what the entry demands
 */
export function readIdentity(resolved: ResolvedProvider, documents: IdentityDocuments): ProviderIdentity {
  const { identity } = resolved.entry;
  const asked = documents.request ?? documents.userinfo;
  const known: IdentityDocuments = {
    ...documents,
    request: asked,
    userinfo: documents.userinfo ?? asked,
    param: resolved.params,
  };
  if (resolved.isOidc) sameSubject(known);
  requireClaims(resolved, known.id_token);
  return {
    subject: first(known, identity.subject),
    tenant: first(known, identity.tenant),
    issuer:
      (identity.issuerFrom === undefined ? null : first(known, [identity.issuerFrom])) ??
      resolved.endpoints.issuer ??
      new URL(resolved.endpoints.token).host,
    label: first(known, identity.label),
    email: first(known, identity.email),
  };
}

/** OpenID Connect Core §5.3.2. */
function sameSubject({ id_token, userinfo }: IdentityDocuments): void {
  const [claimed, told] = [at(id_token, '/sub'), at(userinfo, '/sub')];
  if (claimed !== undefined && told !== undefined && claimed !== told) throw new IdTokenRefusedError('subject');
}

/** A hint in the request is no check: whoever may use the connection is decided by what the ID token says. */
function requireClaims({ entry, values }: ResolvedProvider, idToken: unknown): void {
  for (const [pointer, expected] of Object.entries(entry.identity.requireClaims ?? {}))
    if (at(idToken, pointer) !== fill(expected, values)) throw new IdTokenRefusedError('claims');
}

/** The first candidate that resolves; an inner list must resolve whole and is joined with a colon. */
function first(documents: IdentityDocuments, candidates: readonly (string | string[])[]): string | null {
  for (const candidate of candidates) {
    const values = [candidate].flat().map((source) => value(documents, source));
    if (values.every((one) => one !== null)) return values.join(':');
  }
  return null;
}

function value(documents: IdentityDocuments, source: string): string | null {
  const [document, pointer] = [source.slice(0, source.indexOf('#')), source.slice(source.indexOf('#') + 1)];
  const found = at(documents[document as keyof IdentityDocuments], pointer);
  // `true` is nobody's name: a mapping that meets it would make one account of all.
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' && found.trim() !== '' ? found : null;
}

/**
 * The one call that tells whose token this is; null if none is needed. Pass the documents there already are; without
 * any, an ID token is expected from an OpenID provider.
 */
export function identityRequest(
  resolved: ResolvedProvider,
  accessToken: string,
  have?: IdentityDocuments,
): EgressRequest | null {
  if (have ? !isCallNeeded(resolved, have) : resolved.isOidc) return null;
  const { request } = resolved.entry.identity;
  const values = { ...resolved.values, accessToken };
  const url = request?.url === undefined ? resolved.endpoints.userinfo : fillUrl(request.url, values);
  if (url === undefined) return null;
  const body = request?.body === undefined ? undefined : fillBody(request.body, values);
  return {
    method: request?.method ?? 'GET',
    url,
    headers: headersOf(
      { Accept: 'application/json', 'User-Agent': 'strongroom', ...bearer(accessToken) },
      body === undefined ? {} : { 'Content-Type': 'application/json' },
      fillHeaders(request?.headers ?? {}, values),
    ),
    ...(body === undefined ? {} : { body }),
  };
}

const ANSWERED = /^(request|userinfo)#/;

/** What is the account's key must come from the source the entry prefers; the rest is asked for if nobody says it. */
function isCallNeeded(resolved: ResolvedProvider, have: IdentityDocuments): boolean {
  const { label } = resolved.entry.identity;
  const known = { ...have, param: resolved.params };
  return (
    !isAccountNamed(resolved, have) || (first(known, label) === null && label.some((source) => ANSWERED.test(source)))
  );
}

/** Whether the account's key is complete without `identityRequest`, which then adds nothing but how it is shown. */
export function isAccountNamed({ entry: { identity }, params }: ResolvedProvider, have: IdentityDocuments): boolean {
  const known = { ...have, param: params };
  return !isBetterAsked(known, identity.subject) && !isBetterAsked(known, identity.tenant);
}

function isBetterAsked(known: IdentityDocuments, candidates: readonly (string | string[])[]): boolean {
  for (const candidate of candidates) {
    if ([candidate].flat().some((source) => ANSWERED.test(source))) return true;
    if (first(known, [candidate]) !== null) return false;
  }
  return false;
}

/**
 * The answer to `identityRequest` as a document for `readIdentity`, or why there is none. A 2xx that a rule knows as an
 * error is one.
 */
export function readIdentityAnswer(
  resolved: ResolvedProvider,
  answer: EgressAnswer,
  now: Date,
): { outcome: 'document'; document: unknown } | ProviderError {
  const document = readBody(answer, ['json']);
  const isSuccess =
    answer.status >= 200 &&
    answer.status < 300 &&
    document !== undefined &&
    !isRefusal(resolved, { phase: 'identity', status: answer.status, headers: answer.headers, body: document });
  return isSuccess ? { outcome: 'document', document } : refusalOf(resolved, 'identity', answer, document, now);
}

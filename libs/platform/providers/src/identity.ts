import type { EgressAnswer, EgressRequest } from '@strongroom/egress';
import { classify, type ProviderError, retryAfterOf } from './classify.js';
import { at } from './pointer.js';
import { readBody } from './read-body.js';
import { IdTokenRefusedError } from './providers.errors.js';
import type { ResolvedProvider } from './resolve.js';

/** What an account is read from. `request` and `userinfo` are two names of the one answer we asked for. */
export interface IdentityDocuments {
  id_token?: unknown;
  userinfo?: unknown;
  request?: unknown;
  token?: unknown;
  callback?: unknown;
}

/** Who the provider says this is. Only subject and tenant are a key; the others are shown and may change. */
export interface ProviderIdentity {
  subject: string | null;
  tenant: string | null;
  label: string | null;
  email: string | null;
}

/** The account as the documents name it. @throws IdTokenRefusedError if userinfo is about somebody else. */
export function readIdentity(resolved: ResolvedProvider, documents: IdentityDocuments): ProviderIdentity {
  const { identity } = resolved.entry;
  const asked = documents.request ?? documents.userinfo;
  const known: IdentityDocuments = { ...documents, request: asked, userinfo: documents.userinfo ?? asked };
  if (resolved.isOidc) sameSubject(known);
  return {
    subject: first(known, identity.subject),
    tenant: first(known, identity.tenant),
    label: first(known, identity.label),
    email: first(known, identity.email),
  };
}

/** OpenID Connect Core §5.3.2. */
function sameSubject({ id_token, userinfo }: IdentityDocuments): void {
  const [claimed, told] = [at(id_token, '/sub'), at(userinfo, '/sub')];
  if (claimed !== undefined && told !== undefined && claimed !== told) throw new IdTokenRefusedError('subject');
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
  if (typeof found === 'number' || typeof found === 'boolean') return String(found);
  return typeof found === 'string' && found !== '' ? found : null;
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
  if (have ? readIdentity(resolved, have).subject !== null : resolved.isOidc) return null;
  const { request } = resolved.entry.identity;
  const url = request?.url ?? resolved.endpoints.userinfo;
  if (url === undefined) return null;
  const body = request?.body;
  return {
    method: request?.method ?? 'GET',
    url,
    headers: {
      Accept: 'application/json',
      'User-Agent': 'strongroom',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...request?.headers,
      Authorization: `Bearer ${accessToken}`,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
}

/** The answer to `identityRequest` as a document for `readIdentity`, or why there is none. */
export function readIdentityAnswer(
  resolved: ResolvedProvider,
  answer: EgressAnswer,
  now: Date,
): { outcome: 'document'; document: unknown } | ProviderError {
  const document = readBody(answer, ['json']);
  if (answer.status >= 200 && answer.status < 300 && document !== undefined) return { outcome: 'document', document };
  return {
    outcome: 'error',
    ...classify(resolved, { phase: 'identity', status: answer.status, headers: answer.headers, body: document }),
    status: answer.status,
    retryAfter: retryAfterOf(resolved, answer.headers, now),
  };
}

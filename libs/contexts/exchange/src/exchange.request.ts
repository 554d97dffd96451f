import type { SubjectTokenKind } from '@strongroom/contracts';
import { parseJson, repeatsMember, ValidationError } from '@strongroom/http';
import { RequestInvalidError } from './exchange.errors.js';

/** Spelled as on the wire, `spec/wire-contract.md` §0. */
export const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';

const MAX_BYTES = 32 * 1024;
const MAX_FIELDS = 32;

const SUBJECT_TOKEN_TYPES: Record<string, SubjectTokenKind> = {
  'urn:ietf:params:oauth:token-type:refresh_token': 'refresh_token',
  'urn:ietf:params:oauth:token-type:access_token': 'access_token',
  'urn:ietf:params:oauth:token-type:jwt': 'jwt',
};
const REQUESTED_TOKEN_TYPES = new Set([
  'http://auth0.com/oauth/token-type/federated-connection-access-token',
  'http://auth0.com/oauth/token-type/token-vault-access-token',
]);
/** They would change the meaning if we understood them, so they are not ignored (§1.1). */
const REFUSED = ['actor_token', 'actor_token_type', 'audience', 'resource', 'user_id'];
const REQUIRED = ['subject_token_type', 'subject_token', 'requested_token_type', 'connection'] as const;

/** A request for a provider's access token, checked as far as it can be without asking anybody. */
export interface ExchangeRequest {
  subjectToken: string;
  subjectTokenType: SubjectTokenKind;
  requestedTokenType: string;
  connection: string;
  clientId: string | null;
  clientSecret: string | null;
  clientAssertion: string | null;
  clientAssertionType: string | null;
  loginHint: string | null;
  scopes: string[] | null;
  /** Seconds, `min_ttl` (§5.4). */
  minimumSeconds: number | null;
}

/** What came in the body: each parameter with every value it had. Order of check 1 of §1.3. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a form or a JSON object of strings.
 *
 * @throws RequestInvalidError 400, or 413 above 32 KiB
 */
export function readParameters(mediaType: string, body: Buffer): Parameters {
  if (body.length > MAX_BYTES) throw new RequestInvalidError('the body is larger than 32 KiB', 413);
  if (mediaType === 'application/x-www-form-urlencoded') return readForm(body);
  if (mediaType === 'application/json') return readObject(body);
  throw new RequestInvalidError('the body must be application/x-www-form-urlencoded or application/json');
}

function readForm(body: Buffer): Parameters {
  const parameters = new Map<string, string[]>();
  const text = body.toString('utf8');
  if (text.includes('\ufffd') || /%(?![0-9a-f]{2})/i.test(text))
    throw new RequestInvalidError('the form cannot be read');
  for (const [name, value] of new URLSearchParams(text)) parameters.set(name, [...(parameters.get(name) ?? []), value]);
  if (parameters.size > MAX_FIELDS) throw new RequestInvalidError(`the form has more than ${MAX_FIELDS} fields`);
  return parameters;
}

function readObject(body: Buffer): Parameters {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch (error) {
    throw error instanceof ValidationError ? new RequestInvalidError(saidOf(error)) : error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RequestInvalidError('the body must be a JSON object');
  const members = Object.entries(value as Record<string, unknown>);
  if (members.length > MAX_FIELDS) throw new RequestInvalidError(`the body has more than ${MAX_FIELDS} members`);
  for (const [name, member] of members)
    if (typeof member !== 'string') throw new RequestInvalidError(`${shown(name)} must be a string`);
  if (repeatsMember(body, value)) throw new RequestInvalidError('a parameter was sent more than once');
  return new Map(members.map(([name, member]) => [name, [member as string]]));
}

function saidOf({ problems }: ValidationError): string {
  const { path, detail } = problems[0]!;
  return path.length === 0 ? detail : `${shown(path.join('.'))} ${detail}`;
}

/** Parameters come from anybody: only plain names are repeated in an answer. */
const shown = (name: string): string => (/^[\w.-]{1,64}$/.test(name) ? name : 'a parameter');

/** The grant that is asked for; undefined if none, or if it was sent twice. */
export const grantTypeOf = (parameters: Parameters): string | undefined => {
  const values = parameters.get('grant_type') ?? [];
  return values.length === 1 && values[0] ? values[0] : undefined;
};

/**
 * Checks 1 and 2 of §1.3 for the vault grant: no parameter twice, the required ones there, the types known.
 * An empty value counts as absent (RFC 6749 §3.2).
 *
 * @throws RequestInvalidError 400 that names the parameter
 */
export function readExchange(parameters: Parameters): ExchangeRequest {
  for (const [name, values] of parameters)
    if (values.length > 1) throw new RequestInvalidError(`${shown(name)} was sent more than once`);
  const value = (name: string): string | null => parameters.get(name)?.[0] || null;
  for (const name of REFUSED)
    if (value(name) !== null)
      throw new RequestInvalidError(`${name} is not taken by this grant: the person is taken from the subject token`);
  const required = (name: (typeof REQUIRED)[number]): string => {
    const found = value(name);
    if (found === null) throw new RequestInvalidError(`Missing required parameter: ${name}`);
    return found;
  };
  const [subjectTokenType, subjectToken, requestedTokenType, connection] = REQUIRED.map(required) as [
    string,
    string,
    string,
    string,
  ];
  const kind = SUBJECT_TOKEN_TYPES[subjectTokenType];
  if (!kind)
    throw new RequestInvalidError(
      `unknown subject_token_type: use one of ${Object.keys(SUBJECT_TOKEN_TYPES).join(', ')}`,
    );
  if (!REQUESTED_TOKEN_TYPES.has(requestedTokenType))
    throw new RequestInvalidError(
      `unknown requested_token_type: use one of ${[...REQUESTED_TOKEN_TYPES].join(', ')}; refresh tokens are never handed out`,
    );
  return {
    subjectToken,
    subjectTokenType: kind,
    requestedTokenType,
    connection,
    clientId: value('client_id'),
    clientSecret: value('client_secret'),
    clientAssertion: value('client_assertion'),
    clientAssertionType: value('client_assertion_type'),
    loginHint: value('login_hint'),
    scopes: value('scope')?.split(' ').filter(Boolean) ?? null,
    minimumSeconds: minimumSeconds(value('min_ttl')),
  };
}

function minimumSeconds(value: string | null): number | null {
  if (value === null) return null;
  const seconds = /^\d{1,3}$/.test(value) ? Number(value) : NaN;
  if (!(seconds <= 600)) throw new RequestInvalidError('min_ttl must be whole seconds from 0 to 600');
  return seconds;
}

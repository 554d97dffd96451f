import type { SubjectTokenKind } from '@strongroom/contracts';
import { RequestInvalidError, TargetInvalidError } from './exchange.errors.js';
import { missing, type Parameters, SentOnce } from './exchange.parameters.js';

/** Spelled as on the wire, `spec/wire-contract.md` §0. */
export const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';
/** RFC 8693, `spec/wire-contract.md` §5.1. */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
export const ACCESS_TOKEN_TYPE = `${TOKEN_TYPE}access_token`;
const OF_PERSONS = ['refresh_token', 'access_token'] as const;
const VAULT_TYPES = [
  'http://auth0.com/oauth/token-type/federated-connection-access-token',
  'http://auth0.com/oauth/token-type/token-vault-access-token',
];

/** A request for a provider's access token, checked as far as it can be without asking anybody. */
export interface ExchangeRequest {
  grantType: string;
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

/** Refused by every grant of the endpoint, in the same words (§4.2): whoever sends one expects it to bound the answer. */
const OF_ORGANISATIONS = ['organization', 'invitation'] as const;

/** What a grant asks of its own; the rest is the same for both. */
interface Grant {
  subjectTypes: readonly SubjectTokenKind[];
  requestedTypes: readonly string[];
  /** Null: it must be said. */
  usualType: string | null;
  /** They would change the meaning if we understood them, so they are not ignored (§1.1). */
  refused: readonly string[];
  connection(sent: SentOnce): string;
}

const GRANTS: Readonly<Record<string, Grant>> = {
  [VAULT_GRANT]: {
    subjectTypes: [...OF_PERSONS, 'jwt'],
    requestedTypes: VAULT_TYPES,
    usualType: null,
    refused: ['actor_token', 'actor_token_type', 'audience', 'resource', 'user_id'],
    connection: (sent) => sent.required('connection'),
  },
  [TOKEN_EXCHANGE_GRANT]: {
    subjectTypes: OF_PERSONS,
    requestedTypes: [ACCESS_TOKEN_TYPE, ...VAULT_TYPES],
    usualType: ACCESS_TOKEN_TYPE,
    refused: ['actor_token', 'actor_token_type', 'user_id'],
    connection: connectionOfAudience,
  },
};

export const isExchange = (grantType: string): boolean => Object.hasOwn(GRANTS, grantType);

/**
 * Checks 1 and 2 of §1.3 for either grant of the exchange: no parameter twice, the required ones there, the types known.
 *
 * @throws RequestInvalidError 400 that names the parameter
 * @throws TargetInvalidError 400 for a `resource`, which plain RFC 8693 knows and we do not
 */
export function readExchange(grantType: string, parameters: Parameters): ExchangeRequest {
  const sent = new SentOnce(parameters);
  const grant = GRANTS[grantType]!;
  for (const name of grant.refused)
    if (sent.get(name) !== null)
      throw new RequestInvalidError(`${name} is not taken by this grant: the person is taken from the subject token`);
  if (OF_ORGANISATIONS.some((name) => sent.get(name) !== null))
    throw new RequestInvalidError('organisations are not offered');
  const subjectTokenType = subjectKind(grant, sent.required('subject_token_type'));
  const subjectToken = sent.required('subject_token');
  const requestedTokenType = requestedType(grant, sent.get('requested_token_type') ?? grant.usualType);
  return {
    grantType,
    subjectToken,
    subjectTokenType,
    requestedTokenType,
    connection: grant.connection(sent),
    clientId: sent.get('client_id'),
    clientSecret: sent.get('client_secret'),
    clientAssertion: sent.get('client_assertion'),
    clientAssertionType: sent.get('client_assertion_type'),
    loginHint: sent.get('login_hint'),
    scopes: scopesOf(sent.get('scope')),
    minimumSeconds: minimumSeconds(sent.get('min_ttl')),
  };
}

function subjectKind({ subjectTypes }: Grant, type: string): SubjectTokenKind {
  const kind = subjectTypes.find((one) => type === TOKEN_TYPE + one);
  if (kind) return kind;
  const known = subjectTypes.map((one) => TOKEN_TYPE + one).join(', ');
  throw new RequestInvalidError(`unknown subject_token_type: use one of ${known}`);
}

function requestedType({ requestedTypes }: Grant, type: string | null): string {
  if (type === null) return missing('requested_token_type');
  if (requestedTypes.includes(type)) return type;
  throw new RequestInvalidError(
    `unknown requested_token_type: use one of ${requestedTypes.join(', ')}; refresh tokens are never handed out`,
  );
}

/** A logical name of RFC 8693 §2.1 is the name of a connection here; `connection` may say it as well, or instead. */
function connectionOfAudience(sent: SentOnce): string {
  if (sent.get('resource') !== null)
    throw new TargetInvalidError('resource is not taken: name the connection with audience.');
  const [audience, connection] = [sent.get('audience'), sent.get('connection')];
  if (audience !== null && connection !== null && audience !== connection)
    throw new RequestInvalidError('audience and connection name two connections: send one of them');
  return audience ?? connection ?? missing('audience');
}

/** Nothing but spaces asks for no scope, and so for whatever there is. */
function scopesOf(value: string | null): string[] | null {
  const scopes = value?.split(' ').filter(Boolean) ?? [];
  if (!scopes.every((scope) => SCOPE.test(scope)))
    throw new RequestInvalidError('scope holds characters that no scope may have: it is a list with spaces between');
  return scopes.length > 0 ? scopes : null;
}

function minimumSeconds(value: string | null): number | null {
  if (value === null) return null;
  const seconds = /^\d{1,3}$/.test(value) ? Number(value) : NaN;
  if (!(seconds <= 600)) throw new RequestInvalidError('min_ttl must be whole seconds from 0 to 600');
  return seconds;
}

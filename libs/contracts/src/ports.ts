/**
 * What a context asks of another when it cannot go on without the answer (`design.md` §2). Standalone binds the
 * context's own service; separate services bind a client over HTTP. Failures are thrown as `VaultError`s.
 * Everything here is plain JSON: no functions, no class instances; instants are RFC 3339 strings.
 */

/** A connection as the other contexts see it. No secret in it. */
export interface ConnectionView {
  connectionId: string;
  name: string;
  displayName: string;
  strategy: string;
  /** Either vault switch is on. */
  vaultActive: boolean;
  loginActive: boolean;
  /** The legacy switch `options.federated_connections_access_tokens.active`. */
  fillsAtSignIn: boolean;
  allowMissingUserId: boolean;
  /** Whether the client that was named may use it; false if none was named. */
  enabledForClient: boolean;
  /** As stored, without `client_secret`. */
  options: Record<string, unknown>;
  /** What discovery said when the connection was saved; null where there is none. */
  metadata: Record<string, unknown> | null;
  /** Origin of the token endpoint. */
  tokenOrigin: string | null;
}

/** Offered by `connections`, used by all. Read only. */
export abstract class ConnectionDirectory {
  abstract byName(name: string, clientId: string | null): Promise<ConnectionView | null>;
  abstract byId(connectionId: string, clientId: string | null): Promise<ConnectionView | null>;
  /** Those enabled for the client, by name. */
  abstract ofClient(clientId: string): Promise<ConnectionView[]>;
  /** The upstream client secret as an intake box (base64url), for `tokensets` only. Null: there is none. */
  abstract credentials(connectionId: string): Promise<{ clientId: string; secretBox: string | null } | null>;
  /**
   * One that was deleted while it revoked on delete, with its client secret as an intake box, for `tokensets` only: its
   * accounts' tokens are still to be ended at the provider. Null: there is none, or it is too long ago.
   */
  abstract deleted(connectionId: string): Promise<{ connection: ConnectionView; secretBox: string | null } | null>;
}

/** One page of a list, in the order of names. */
export interface ListingPage {
  /** The last name that was seen; null: from the start. */
  after: string | null;
  limit: number;
  strategies: string[] | null;
}

/** Offered by `connections`, used by identity. Read only. */
export abstract class ConnectionListing {
  /** Those enabled for the client as administrators see them, their secrets masked. */
  abstract ofClient(clientId: string, page: ListingPage): Promise<{ name: string; shown: Record<string, unknown> }[]>;
}

/** Where the sealing contexts get the public key for intake boxes (`spec/encryption.md` §1). */
export interface IntakeKey {
  installationId: string;
  /** UUID. */
  keyId: string;
  /** X25519 public key, 32 bytes, base64url. */
  publicKey: string;
}

/** Offered by `tokensets`, used by connections, connected-accounts and identity. */
export abstract class IntakeKeys {
  abstract current(): Promise<IntakeKey>;
}

/** A bearer (or DPoP) token as it stood in a request to one of our own APIs. */
export interface PresentedToken {
  /** The whole `Authorization` header. */
  authorization: string | null;
  dpop: string | null;
  method: string;
  /** Absolute URL of the request under the public URL, without query. */
  url: string;
}

/** Who a token speaks for. `personId` is null for a machine. */
export interface BearerIdentity {
  personId: string | null;
  userId: string | null;
  clientId: string;
  scopes: string[];
  sessionId: string | null;
  /** Thumbprint of the DPoP key, if the token is bound to one. */
  jkt: string | null;
}

export type OwnApi = 'management' | 'my-account';

/** Offered by `identity`, used by all: is this token good for one of our own APIs, now. */
export abstract class Bearer {
  /** @throws VaultError `invalid_token` (401) for anything but a token of ours for this API that still lives. */
  abstract check(api: OwnApi, token: PresentedToken): Promise<BearerIdentity>;
}

export interface ClientView {
  clientId: string;
  name: string;
  appType: string | null;
  firstParty: boolean;
  callbacks: string[];
}

/** Offered by `identity`, used by all. */
export abstract class Clients {
  abstract get(clientId: string): Promise<ClientView | null>;
  /** Whether pages at this origin speak for the client; null: for some client. */
  abstract isWebOrigin(origin: string, clientId: string | null): Promise<boolean>;
}

export interface PersonView {
  personId: string;
  /** The public id, `auth0|…`. */
  userId: string;
  displayName: string;
  blocked: boolean;
}

/** Offered by `identity`, used by all. */
export abstract class People {
  abstract get(personId: string): Promise<PersonView | null>;
  abstract byUserId(userId: string): Promise<PersonView | null>;
}

export type SubjectTokenKind = 'refresh_token' | 'access_token' | 'jwt';

/** Steps 3 to 7 of `spec/wire-contract.md` §1.3. */
export interface SubjectRequest {
  grantType: string;
  subjectToken: string;
  subjectTokenType: SubjectTokenKind;
  /** `Authorization` header, for `client_secret_basic`. */
  authorization: string | null;
  clientId: string | null;
  clientSecret: string | null;
  clientAssertion: string | null;
  clientAssertionType: string | null;
  dpop: string | null;
  ip: string | null;
  /** What the client showed when it connected, PEM. */
  certificate: string | null;
}

export interface Subject {
  personId: string;
  userId: string;
  clientId: string;
  /** There if the client asked as a privileged worker, without a token of the person. */
  worker?: WorkerRights;
}

/** What a privileged worker may have (`spec/wire-contract.md` §1.6), and what it said it wants it for. */
export interface WorkerRights {
  auditContext: string;
  /** By the connection's name; each with the scopes at most. */
  grants: { connection: string; scopes: string[] }[];
}

/** Offered by `identity`, used by `exchange`: authenticates the client and validates the subject token in one call. */
export abstract class SubjectTokens {
  /**
   * @throws VaultError with the OAuth `code` of §1.8 and `details.reason` of §5.3; `audit` names client and person
   *   as far as they were known.
   */
  abstract validate(request: SubjectRequest): Promise<Subject>;
}

/** Offered by `identity`, used by `connected-accounts`. */
export abstract class SignIn {
  /** Consumes a code that `/authorize` gave to the internal client `strongroom-connect`; makes no tokens. */
  abstract redeem(code: string, codeVerifier: string): Promise<{ personId: string; userId: string }>;
}

/** A provider's code on its way into the vault. Boxes are intake boxes, base64url. */
export interface RedeemRequest {
  /** Idempotence key: the connect session, `cs_…`. A code is never sent twice. */
  sessionId: string;
  personId: string;
  userId: string;
  clientId: string;
  connectionId: string;
  codeBox: string;
  verifierBox: string | null;
  redirectUri: string;
  nonce: string | null;
  scopesAsked: string[];
  /** Query values that the entry wants kept from the callback. */
  captured: Record<string, string>;
  /** Values of the entry's params that the connect request brought. */
  params: Record<string, string>;
  /**
   * Where the provider signs its callback: all of its query as a query string, as an intake box (purpose
   * `provider-code`, field `query`). The signature is checked before anything is sent. Null where none is made.
   */
  queryBox: string | null;
  /** Where the code may be sent, as it was when the person was sent to the provider; null: not compared. */
  codeReceiver: string | null;
  /** A reconnect that must end with this account. */
  pinnedAccountId: string | null;
}

export interface Redeemed {
  tokensetId: string;
  accountId: string;
  scopes: string[];
  missingScopes: string[];
  hasRefreshToken: boolean;
  reconnected: boolean;
}

/** An authorization request on its way to the provider behind the browser's back (RFC 9126). */
export interface PushRequest {
  connectionId: string;
  /** Values of the entry's params that the connect request brought. */
  params: Record<string, string>;
  /** Everything that would stand in the authorization URL, in order. */
  members: [string, string][];
}

export interface WantedToken {
  personId: string;
  connectionId: string;
  clientId: string;
  /** `login_hint`: upstream id, e-mail, `cac_…` or label. */
  hint: string | null;
  /** A subset of what was granted; null: all of it. */
  scopes: string[] | null;
  /** N of `spec/refresh.md` §2, in seconds; null: the default. */
  minimumSeconds: number | null;
  /** False: look only. Nothing is refreshed and nothing written; null is the answer where a refresh would be due. */
  mayRefresh: boolean;
}

export interface IssuedToken {
  accessToken: string;
  /** Whole seconds left now. */
  expiresIn: number;
  /** RFC 3339; null: the provider names no end. */
  expiresAt: string | null;
  scopes: string[];
  connectionId: string;
  accountId: string;
  tokensetId: string;
  refreshed: boolean;
}

export interface TokensetView {
  tokensetId: string;
  accountId: string;
  connectionId: string;
  scopes: string[];
  status: 'active' | 'reconnect_required';
  reason: string | null;
  hasRefreshToken: boolean;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
}

/** What became of a deleted tokenset's tokens at their provider. */
export interface RevocationView {
  tokensetId: string;
  accountId: string;
  connectionId: string;
  connectionName: string;
  outcome: 'pending' | 'revoked' | 'already_gone' | 'unsupported' | 'failed';
  /** What ends with it, in the words of the provider's entry; null: nothing did. */
  effect: string | null;
  attempts: number;
  /** Why it failed, or did the last time. */
  code: string | null;
  nextAttemptAt: string | null;
  deletedAt: string;
  finishedAt: string | null;
  /** Where the person can do it: only where we could not. */
  manageUrl: string | null;
}

/** Offered by `tokensets`. The only way to a provider's token. */
export abstract class TokenVault {
  /**
   * Sends the code once, stores what came back, answers without a token. The same `sessionId` again answers what
   * the first call led to.
   *
   * @throws VaultError `redeem_refused` 400 (code or ID token refused), `missing_user_id` 400, `account_conflict`
   *   409, `provider_unavailable` 502 (begin again), `identity_pending` 503 (repeat the same call).
   */
  abstract redeem(request: RedeemRequest): Promise<Redeemed>;
  /**
   * Lodges an authorization request with a provider that takes it only from an authenticated client. `expiresIn` in
   * seconds. A request that was lodged and is never used does no harm.
   *
   * @throws VaultError `provider_unavailable` 502 (try again), `push_refused` 400 (the provider does not want this
   *   request), `server_error` 502 (the connection is misconfigured).
   */
  abstract pushAuthorization(request: PushRequest): Promise<{ requestUri: string; expiresIn: number }>;
  /** What a connect session led to; null if nothing was stored. */
  abstract redeemed(sessionId: string): Promise<Redeemed | null>;
  /**
   * An access token good for at least `minimumSeconds`, refreshed if need be (`spec/refresh.md`).
   *
   * @returns null only if `mayRefresh` is false and the stored token will not do.
   * @throws VaultError as in `spec/refresh.md` §9, with `details.reason` of the wire contract §5.3.
   */
  abstract accessToken(wanted: WantedToken): Promise<IssuedToken | null>;
  /** All of a person's, newest first. */
  abstract list(personId: string): Promise<TokensetView[]>;
  /** Erases tokens and key before it answers. False: there was none, or it is another person's. */
  abstract delete(request: {
    personId: string;
    accountId: string;
    reason: 'requested' | 'disconnected';
    actor: { kind: 'user' | 'client' | 'administrator' | 'system'; id?: string };
  }): Promise<boolean>;
  /** Of a person's tokensets deleted in the last 30 days on connections that revoke on delete, newest first. */
  abstract revocations(personId: string): Promise<RevocationView[]>;
}

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
  /**
   * Scopes that are one permission, each list with all its spellings: by the shipped catalogue, whatever the connection
   * says. Absent: an older service does not say.
   */
  scopeSpellings?: string[][];
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
  /**
   * @throws VaultError `invalid_token` (401) for anything but a token of ours for this API that still lives, `not_found`
   *   (404) where the API itself has been deleted.
   */
  abstract check(api: OwnApi, token: PresentedToken): Promise<BearerIdentity>;
}

export interface ClientView {
  clientId: string;
  name: string;
  appType: string | null;
  firstParty: boolean;
  callbacks: string[];
}

/** The bounds of one client at the exchange (`spec/wire-contract.md` §5.6). Null: no bound of that kind. */
export interface VaultPolicy {
  /** Names. */
  connections: string[] | null;
  /** At most these leave, of any connection. */
  scopes: string[] | null;
  exchangesPerMinute: number | null;
  /** RFC 3339; from then on nothing leaves. */
  expiresAt: string | null;
}

/** Everything that decides whether a client can connect accounts and exchange, as it is set now. */
export interface ClientSetup {
  clientId: string;
  appType: string | null;
  /** `none`, `client_secret_post` …; null: by keys or certificates. */
  authMethod: string | null;
  isConfidential: boolean;
  grantTypes: string[];
  firstParty: boolean;
  oidcConformant: boolean;
  callbacks: string[];
  /** Null: nothing is said, and nothing rotates. */
  rotationType: string | null;
  /** Scopes that its refresh tokens are good for at the My Account API; null: none, not even a token. */
  refreshesForMyAccount: string[] | null;
  /** The API whose own client it is, and whether there is such an API. */
  ownApi: { identifier: string; exists: boolean } | null;
  policy: VaultPolicy | null;
  /** What a privileged worker of it may have; null: it has none. */
  worker: { addresses: string[]; grants: { connection: string; scopes: string[] }[] } | null;
  mfaPolicies: string[];
  /** The resource server of the My Account API; null: it was deleted. */
  myAccount: { userPolicy: string; clientPolicy: string; scopes: string[] } | null;
  /** Scopes of its grant for people there; null: no grant. */
  myAccountGrant: string[] | null;
}

/** Offered by `identity`, used by all. */
export abstract class Clients {
  abstract get(clientId: string): Promise<ClientView | null>;
  /** For `exchange`, which explains to administrators what is missing. Null: no such client. */
  abstract setup(clientId: string): Promise<ClientSetup | null>;
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
  /** Where the request came in, which a proof of possession names; absent: `/oauth/token`. */
  path?: string;
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
  /** There if the client has one. */
  policy?: VaultPolicy;
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

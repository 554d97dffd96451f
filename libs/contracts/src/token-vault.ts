import type { Actor } from './events.js';

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
  /** When all of it ends for good, RFC 3339: nothing renews its access token. Null: nobody knows. An older vault says nothing. */
  endsAt?: string | null;
  reconnected: boolean;
  /** The one that counts: the person's own, else the provider's. */
  label: string | null;
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
  /** The one that counts: the person's own, else the provider's. */
  label: string | null;
  /** Clients that get no token of this account, by the person's wish. */
  pausedClients: string[];
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

/** Without what a person acted through: an older vault is strict about an actor's members. */
type ActorAtVault = Omit<Actor, 'clientId'>;

/** Offered by `tokensets`. The only way to a provider's token. */
export abstract class TokenVault {
  /**
   * Sends the code once, stores what came back, answers without a token. The same `sessionId` again answers what
   * the first call led to.
   *
   * @throws VaultError `redeem_refused` 400 (code or ID token refused, or the access token ended before the account was
   *   named), `missing_user_id` 400, `account_conflict` 409, `provider_unavailable` 502 (begin again), `connection_misconfigured` 502 (beginning again will not help),
   *   `identity_pending` 503 (repeat the same call).
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
   * From the answer on nothing comes of this connect session any more: what waits for its account is erased, and a redeem
   * under way stores nothing. False: it has led to something, which stays.
   */
  abstract abandon(request: { sessionId: string; personId: string }): Promise<boolean>;
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
    actor: ActorAtVault;
    /** What a person acted through. Beside the actor: an older vault leaves out a member that it does not know. */
    clientId?: string | undefined;
  }): Promise<boolean>;
  /**
   * Sets the person's own label; null: back to the provider's. Answers the one that counts now; null: the person has no
   * such account.
   *
   * @throws VaultError `label_taken` 409 if another account of the person on that connection has it, as its own or from
   *   its provider; `invalid_label` 400
   */
  abstract label(request: {
    personId: string;
    accountId: string;
    label: string | null;
    actor: ActorAtVault;
  }): Promise<{ label: string | null } | null>;
  /**
   * Keeps a client from the account's tokens, or lets it have them again, from the answer on. False: the person has no
   * such account. The client is not looked up.
   *
   * @throws VaultError `too_many_pauses` 409 beyond a hundred of one account
   */
  abstract pause(request: {
    personId: string;
    accountId: string;
    clientId: string;
    isPaused: boolean;
    actor: ActorAtVault;
  }): Promise<boolean>;
  /** Of a person's tokensets deleted in the last 30 days on connections that revoke on delete, newest first. */
  abstract revocations(personId: string): Promise<RevocationView[]>;
}

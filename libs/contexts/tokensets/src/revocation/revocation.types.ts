import type { KnownConnection } from '../known-connection.js';

/** What a revocation presents; null: it was not there, or the entry does not want it. */
export interface RevocableTokens {
  accessToken: string | null;
  refreshToken: string | null;
}

/** Where a record's tokens stand. They open in no other record, for no other connection and no other origin. */
export interface RevocationPlace {
  recordId: string;
  connectionId: string;
  tokenOrigin: string;
}

/** Connections that revoke on delete, by id. Asked before the transaction: no port is called inside one. */
export type RevokingConnections = ReadonlyMap<string, KnownConnection>;

export type Outcome = 'revoked' | 'already_gone' | 'unsupported' | 'failed';

/** How it ended. */
export interface Settled {
  outcome: Outcome;
  effect: string | null;
  code: string | null;
}

/** Not yet: worth another try. */
export interface Postponed {
  outcome: 'again';
  code: string | null;
  /** Seconds, as the provider said. */
  retryAfter: number | null;
}

/** `sent`: something may have reached the provider. */
export type TryResult = (Settled | Postponed) & { sent: boolean };

/** A record whose turn it is. It is held by whoever has its `fence`. */
export interface DueRevocation extends RevocationPlace {
  tokensetId: string | null;
  fence: number;
  params: Readonly<Record<string, string>>;
  hasRefreshToken: boolean;
  sealed: Buffer;
  /** This one counted. */
  attempts: number;
  /** Of the last try. */
  code: string | null;
  /** Its day is over. */
  isOver: boolean;
  /** Connections through which other tokensets hold the same account at the provider. */
  heldBy: readonly string[];
  now: Date;
}

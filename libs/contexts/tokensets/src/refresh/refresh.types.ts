import type { Actor } from '@strongroom/contracts';
import type { Brought } from '../brought.js';
import type { KeyRow, Place, SealedTokens } from '../custody/custody.js';
import type { Limited } from '../limits/refresh-limits.js';
import type { Spilled } from './spill-file.js';

/** `spec/refresh.md` §3: what a second use of a refresh token may do. */
export type Rotation = 'repeatable' | 'grace' | 'strict';
/** Why a refresh is made. What nobody waits for never waits for another holder either. */
export type RefreshKind = 'on_demand' | 'early' | 'keep_fresh' | 'keep_alive' | 'recovery' | 'forced';

export interface RefreshTerms {
  tokensetId: string;
  /** Where the connection would send the refresh token now. */
  tokenOrigin: string;
  /** A tokenset bound to one of these is bound to the origin with its next commit. */
  formerTokenOrigins: readonly string[];
  rotation: Rotation;
  graceSeconds: number;
  /** A token with so much left needs no refresh. */
  reserveSeconds: number;
  /** Null: only a token with less than the reserve is refreshed. A number: whatever it has left, at this version only. */
  atVersion: number | null;
  /** Only these scopes, for one caller: whatever the stored token has left, and it stays. Null: as granted. */
  narrowTo: readonly string[] | null;
  kind: RefreshKind;
  actor: Actor;
}

/** A journalled attempt: from its commit on the refresh token may be sent, once. */
export interface OpenAttempt {
  id: string;
  tokensetId: string;
  /** The credential version it started from. */
  base: number;
  fence: string;
  kind: RefreshKind;
  rotation: Rotation;
  actor: Actor;
  /** Database time just before the send. */
  sentAt: Date;
  /** As it is stored now. */
  place: Place;
  /** Where the refresh token is sent, and what the answer is bound to. */
  tokenOrigin: string;
  key: KeyRow;
  /** The key has served its year: the new tokens get another one. */
  isKeyOld: boolean;
  refreshSealed: Buffer;
  /** As granted. */
  scopes: string[];
  /** There if the provider is asked for less: what is asked, and the access token that stays. */
  narrowed: { scopes: readonly string[]; accessSealed: Buffer; issuedAt: Date; expiresAt: Date | null } | null;
  failures: number;
  graceSeconds: number;
  /** Earlier attempts on the same base whose outcome nobody knows. */
  inDoubt: number;
  /** When the first of them was sent. */
  inDoubtSince: Date | null;
  /** The stored refresh token comes from a backup: a newer one may have been issued that nobody has. */
  isRestored: boolean;
  /** One of those is still inside the provider's grace. */
  inGrace: boolean;
}

export interface NewCredential extends SealedTokens {
  tokenOrigin: string;
  /** Goes over what the tokenset has already. */
  brought: Brought;
  scopes: string[];
  /** Of the access token. */
  issuedAt: Date;
  expiresAt: Date | null;
  refreshExpiresAt: Date | null;
  rotated: boolean;
  /** What the tokens are sealed with if it is not what it was. The old one is shredded with the commit. */
  newKey: { keyId: string; keyWrapped: Buffer } | null;
}

/** Of an attempt what its commit needs; this much outlives the process. */
export type CommittableAttempt = Pick<OpenAttempt, 'id' | 'tokensetId' | 'base' | 'kind' | 'actor'>;

/**
 * What became of a credential. `superseded`: a newer one is there. `gone`: the tokenset is. `waits`: only a person, or a
 * later replay, says whether it counts.
 */
export type Committed = { now: Date; hasRecovered: boolean } | 'superseded' | 'gone' | 'waits';

/** What is kept of a provider's refusal. */
export interface Refusal {
  class: string;
  httpStatus: number | null;
  code: string | null;
}

export interface Setback extends Refusal {
  state: 'not_processed' | 'unknown' | 'rejected';
  delaySeconds: number;
}

/** A provider's answer to a refresh. */
export type RefreshAnswer =
  | {
      outcome: 'tokens';
      accessToken: string;
      refreshToken: string | null;
      scopes: string[];
      expiresAt: Date | null;
      refreshExpiresAt: Date | null;
      brought: Brought;
    }
  | {
      outcome: 'error';
      class: string;
      httpStatus: number | null;
      code: string | null;
      retryAfter: number | null;
      sent: boolean;
    };

/**
 * Why there is nothing to send: somebody else was first, so read again; the connection would send the token to another
 * host than it came from; another holder's lease runs; another node may hold the answer (`spec/refresh.md` §3).
 */
export type NoLease = 'changed' | 'moved' | 'held' | 'awaited';

export type RefreshOutcome =
  | {
      state: 'refreshed';
      accessToken: string;
      scopes: string[];
      issuedAt: Date;
      expiresAt: Date | null;
      /** Of what is stored now. */
      credVersion: number;
      now: Date;
    }
  | { state: NoLease }
  | Limited
  | { state: 'reconnect_required' }
  | { state: 'unreadable' }
  | { state: 'failed'; class: string };

/** Where attempts and credentials are durable. Each call is one transaction. */
export abstract class RefreshStore {
  abstract begin(terms: RefreshTerms): Promise<OpenAttempt | NoLease>;
  /** Keeps the lease for another period; false: it is no longer ours. */
  abstract renew(attempt: OpenAttempt): Promise<boolean>;
  /** Version-fenced. Repeating it after a lost answer is harmless. */
  abstract commit(attempt: CommittableAttempt, credential: NewCredential): Promise<Committed>;
  /** A verdict; it counts only if nobody has stored a newer credential. */
  abstract requireReconnect(attempt: OpenAttempt, reason: string, why: Refusal): Promise<'written' | 'superseded'>;
  /**
   * Not the person's fault: the lease goes, the next attempt waits. Refused for a reason that nobody knows three times
   * over a day, it is a verdict after all.
   */
  abstract setBack(attempt: OpenAttempt, setback: Setback): Promise<'waits' | 'rejected'>;
  /** Nothing about the tokenset is to change but the lease; `why` is said to the operator. */
  abstract release(attempt: OpenAttempt, state: 'not_processed' | 'rejected', why: Refusal | null): Promise<void>;
}

/** Keeps what a provider gave once where a process that dies before the commit does not lose it. */
export abstract class Spill {
  /** UUID of whoever has what lies here; null: nothing can. */
  abstract readonly node: string | null;
  /** Durable when it returns. @throws what the disk says */
  abstract write(spilled: Spilled): Promise<void>;
  /** Once nobody needs it. Does not fail: a file that stays is replayed, and that changes nothing. */
  abstract remove(id: string): Promise<void>;
  /** Whoever wrote it is done without having removed it: it may be replayed. */
  abstract release(id: string): void;
  /** Older versions first; nothing that is still under way here. What cannot be read is put aside. */
  abstract leftovers(): Promise<Spilled[]>;
  /** It does not open. Kept for a person to look at. */
  abstract setAside(id: string, why: unknown): Promise<void>;
}

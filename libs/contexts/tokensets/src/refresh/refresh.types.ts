import type { Actor } from '@strongroom/contracts';
import type { Brought } from '../brought.js';
import type { KeyRow, Place, SealedTokens } from '../custody/custody.js';

/** `spec/refresh.md` §3: what a second use of a refresh token may do. */
export type Rotation = 'repeatable' | 'grace' | 'strict';
export type RefreshKind = 'on_demand';

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
  refreshSealed: Buffer;
  scopes: string[];
  failures: number;
  /** Earlier attempts on the same base whose outcome nobody knows. */
  inDoubt: number;
  /** One of those is still inside the provider's grace. */
  inGrace: boolean;
}

export interface NewCredential extends SealedTokens {
  tokenOrigin: string;
  /** Goes over what the tokenset has already. */
  brought: Brought;
  scopes: string[];
  expiresAt: Date | null;
  refreshExpiresAt: Date | null;
  rotated: boolean;
}

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
 * Why there is nothing to send: somebody else was first, so read again; another holder's lease runs; another node may
 * hold the answer (`spec/refresh.md` §3).
 */
export type NoLease = 'changed' | 'held' | 'awaited';

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
  | { state: 'reconnect_required' }
  | { state: 'unreadable' }
  | { state: 'failed'; class: string };

/** Where attempts and credentials are durable. Each call is one transaction. */
export abstract class RefreshStore {
  abstract begin(terms: RefreshTerms): Promise<OpenAttempt | NoLease>;
  /** Keeps the lease for another period; false: it is no longer ours. */
  abstract renew(attempt: OpenAttempt): Promise<boolean>;
  /** Version-fenced. Repeating it after a lost answer is harmless. */
  abstract commit(attempt: OpenAttempt, credential: NewCredential): Promise<{ now: Date } | 'superseded'>;
  /** A verdict; it counts only if nobody has stored a newer credential. */
  abstract requireReconnect(attempt: OpenAttempt, reason: string, why: Refusal): Promise<'written' | 'superseded'>;
  /** Not the person's fault: the lease goes, the next attempt waits. */
  abstract setBack(attempt: OpenAttempt, setback: Setback): Promise<void>;
  /** Nothing about the tokenset is to change but the lease; `why` is said to the operator. */
  abstract release(attempt: OpenAttempt, state: 'not_processed' | 'rejected', why: Refusal | null): Promise<void>;
}

/** What all processes together may ask of one place. */
export interface Budget {
  readonly perSecond: number;
  /** So many at once after a rest. */
  readonly burst: number;
  readonly inFlight: number;
}

export interface Ask {
  /** Nobody waits for it: it gets at most half while somebody else waits. */
  readonly background: boolean;
  /** After this the permit is taken back, whoever holds it has died. */
  readonly holdMs: number;
}

export interface Permit {
  /** The call is over. Repeating it is harmless. */
  release(): Promise<void>;
}

export interface Refused {
  /** When asking again may help. */
  readonly retryAfterMs: number;
}

/**
 * Permits for calls, so many a second and so many at once, counted for all processes together. Like a counter it may be
 * forgotten at any time: it keeps a provider from being overrun and protects nothing else.
 */
export abstract class Budgets {
  abstract take(key: string, budget: Budget, ask: Ask): Promise<Permit | Refused>;
}

/** How long one that was refused counts as waiting: those who wait ask again sooner. */
export const WAITING_MS = 1_000;
/** Until a permit may have come back. */
export const IN_FLIGHT_RETRY_MS = 50;

/** A part of a budget, at least one of each. */
export const partOf = ({ perSecond, burst, inFlight }: Budget, part: number): Budget => ({
  perSecond: perSecond * part,
  burst: Math.max(1, burst * part),
  inFlight: Math.max(1, Math.floor(inFlight * part)),
});

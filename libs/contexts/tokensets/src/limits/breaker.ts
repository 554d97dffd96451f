import type { BreakerState } from '../refresh/refresh-metrics.js';

const WINDOW_SECONDS = 30;
const LEAST_CALLS = 20;
const OPEN_MS = 30_000;
const MISCONFIGURED_MS = 60_000;
const MOST_RETRY_AFTER_SECONDS = 900;
/** Until a probe that is under way may have told something. */
const PROBING_MS = 1_000;

/** The provider did not do what it was asked, and not because of the tokenset. */
const FAILURES = ['retry', 'malformed', 'rate_limited'];
/** Says nothing of the provider: the fault may be ours, or nobody knows whose. */
const SILENT = ['bug', 'unknown', 'none'];

export interface CallAnswer {
  /** Of `spec/refresh.md` §5; `ok`, and `none` where nothing was sent. */
  class: string;
  retryAfter: number | null;
}

export type Closed = { why: 'breaker' | 'rate_limited' | 'client_config'; waitMs: number };

interface Shut {
  state: Exclude<BreakerState, 'closed' | 'probing'>;
  until: number;
}

/**
 * Stops the calls of one connection while they cannot succeed. Knows the calls of this process only: each finds out by
 * itself, which costs the provider a few calls and nobody a token.
 */
export class Breaker {
  private readonly seconds: { second: number; calls: number; failures: number }[] = [];
  private shut: Shut | null = null;
  private probe: symbol | null = null;

  constructor(private readonly now: () => number) {}

  get state(): BreakerState {
    if (!this.shut) return 'closed';
    return this.probe ? 'probing' : this.shut.state;
  }

  /** Why, and how long, nobody may enter; a rate limit ends by itself, the others let one probe in. */
  closed(): Closed | null {
    if (!this.shut) return null;
    const waitMs = this.shut.until - this.now();
    const why = this.shut.state === 'open' ? 'breaker' : this.shut.state;
    if (waitMs > 0) return { why, waitMs };
    if (this.shut.state === 'rate_limited') this.shut = null;
    else if (this.probe) return { why, waitMs: PROBING_MS };
    return null;
  }

  /** A pass to give back with the answer; null: it is closed. */
  enter(): symbol | null {
    if (this.closed()) return null;
    const pass = Symbol('pass');
    if (this.shut) this.probe = pass;
    return pass;
  }

  answered(pass: symbol, answer: CallAnswer): void {
    const isProbe = this.probe === pass;
    if (isProbe) this.probe = null;
    if (answer.class === 'client_config') return this.close('client_config', MISCONFIGURED_MS);
    if (answer.class === 'rate_limited' && answer.retryAfter !== null)
      return this.close('rate_limited', Math.min(answer.retryAfter, MOST_RETRY_AFTER_SECONDS) * 1000);
    if (SILENT.includes(answer.class)) return;
    const failed = FAILURES.includes(answer.class);
    if (isProbe) return failed ? this.close('open', OPEN_MS) : this.open();
    // Of a call that began before it shut: the probe alone says how things are now.
    if (this.shut) return;
    if (this.counted(failed)) this.close('open', OPEN_MS);
  }

  private counted(failed: boolean): boolean {
    const second = Math.floor(this.now() / 1000);
    while (this.seconds.length > 0 && this.seconds[0]!.second <= second - WINDOW_SECONDS) this.seconds.shift();
    const last = this.seconds.at(-1);
    const current = last?.second === second ? last : { second, calls: 0, failures: 0 };
    if (current !== last) this.seconds.push(current);
    current.calls += 1;
    if (failed) current.failures += 1;
    const sum = (of: 'calls' | 'failures') => this.seconds.reduce((total, one) => total + one[of], 0);
    return sum('calls') >= LEAST_CALLS && sum('failures') * 2 >= sum('calls');
  }

  /** Never shortens what is shut for longer, but for a refused client: only a probe can tell that this is over. */
  private close(state: Shut['state'], ms: number): void {
    const until = this.now() + ms;
    if (this.shut && this.shut.state !== 'open' && state === 'open') return;
    this.shut = { state, until: Math.max(until, this.shut?.state === state ? this.shut.until : 0) };
    this.seconds.length = 0;
  }

  private open(): void {
    this.shut = null;
    this.seconds.length = 0;
  }
}

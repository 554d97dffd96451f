import { UnreadableRecord } from '@strongroom/crypto';
import type { Custody } from '../custody/custody.js';
import { sayableCode } from '../tokenset-state.js';
import { type Holder, untilDurable } from '../until-durable.js';
import { isOfThePart } from './can-narrow.js';
import type { CrashPoints } from './crash-points.js';
import type { RefreshMetrics } from './refresh-metrics.js';
import type {
  Committed,
  NewCredential,
  OpenAttempt,
  Refusal,
  RefreshAnswer,
  RefreshOutcome,
  Spill,
  RefreshStore,
  RefreshTerms,
} from './refresh.types.js';
import { spillIfPossible } from './spill-if-possible.js';

/** Everything the algorithm touches, so that a model can stand behind each. */
export interface RefreshWorld extends Holder {
  store: RefreshStore;
  custody: Custody;
  spill: Spill;
  crash: CrashPoints;
  metrics: CoreMetrics;
  /** Told of a late answer whose tokenset was deleted meanwhile. Nothing here keeps these tokens. */
  dropped?(attempt: OpenAttempt, tokens: DroppedTokens): Promise<void>;
  /** Milliseconds that never jump. */
  monotonic(): number;
  /** [0, 1) */
  random(): number;
}

export interface DroppedTokens {
  accessToken: string;
  refreshToken: string;
}

export type CoreMetrics = Pick<
  RefreshMetrics,
  'committed' | 'superseded' | 'lostRotation' | 'recovered' | 'spillFailed' | 'missingRotation'
>;

/** Sends the refresh token, once. */
export type SendRefresh = (refreshToken: string, scopes: string[], now: Date) => Promise<RefreshAnswer>;

/** A process that slept longer than this between journal and send does not send. */
const MOST_MS_BEFORE_SEND = 2_000;
const RENEW_MS = 1_500;
const MOST_BACKOFF_SECONDS = 300;
const MOST_RETRY_AFTER_SECONDS = 900;
/** Longer than a caller waits by default: who met the failure is told, and the second try is another moment's. */
const PROMPT_RESEND_SECONDS = 10;

/** Steps 6 to 19 of `spec/refresh.md` §4. Runs detached from whoever waits for it. */
export class RefreshCore {
  constructor(private readonly world: RefreshWorld) {}

  async refresh(terms: RefreshTerms, send: SendRefresh, reuseKillsGrant: boolean): Promise<RefreshOutcome> {
    await this.world.crash.at('P0', terms.tokensetId);
    const begun = this.world.monotonic();
    const attempt = await this.world.store.begin(terms);
    if (typeof attempt === 'string') return { state: attempt };
    await this.world.crash.at('P1', attempt.tokensetId);
    let stored: StoredTokens;
    try {
      stored = this.opened(attempt);
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) {
        // The vault is sealed: nothing was sent, and nobody has to be in doubt about it.
        await this.world.store.release(attempt, 'not_processed', null);
        throw error;
      }
      return this.verdict(attempt, 'unreadable', { class: 'unreadable', httpStatus: null, code: null });
    }
    if (this.world.monotonic() - begun > MOST_MS_BEFORE_SEND) {
      await this.world.store.release(attempt, 'not_processed', null);
      return { state: 'changed' };
    }
    const answer = await this.sendAsOftenAsAllowed(attempt, stored.refresh, send);
    const outcome = await this.settle(attempt, stored, answer, reuseKillsGrant);
    if (outcome.state === 'refreshed' || outcome.state === 'reconnect_required') this.recovered(attempt, begun);
    return outcome;
  }

  /** Before anything is sent: an access token that is to stay must be one that can be sealed again. */
  private opened({ place, key, refreshSealed, narrowed }: OpenAttempt): StoredTokens {
    const { custody } = this.world;
    return {
      refresh: custody.open(place, key, 'refresh', refreshSealed),
      kept: narrowed && custody.open(place, key, 'access', narrowed.accessSealed),
    };
  }

  /** One send; again only where the provider says that it did not count, or its grace still runs. */
  private async sendAsOftenAsAllowed(attempt: OpenAttempt, token: string, send: SendRefresh): Promise<RefreshAnswer> {
    for (let races = 0, graceUsed = false; ;) {
      const answer = await this.sendHoldingLease(attempt, () =>
        send(token, [...(attempt.narrowed?.scopes ?? attempt.scopes)], attempt.sentAt),
      );
      if (answer.outcome === 'tokens') return answer;
      if (answer.class === 'race' && races < 3) {
        races += 1;
        await this.world.sleep(250 + 1_750 * this.world.random());
      } else if (answer.class === 'reconnect' && attempt.inGrace && !graceUsed) {
        graceUsed = true;
        await this.world.sleep(1_000 + 1_000 * this.world.random());
      } else return answer;
      // Somebody else's by now, or replaced: what this token is refused for no longer concerns anybody.
      if (!(await this.world.store.renew(attempt))) return answer;
    }
  }

  private async sendHoldingLease(attempt: OpenAttempt, send: () => Promise<RefreshAnswer>): Promise<RefreshAnswer> {
    const done = new AbortController();
    const renewing = async (): Promise<void> => {
      for (;;) {
        await this.world.sleep(RENEW_MS, done.signal);
        if (done.signal.aborted) return;
        await this.world.store.renew(attempt).catch((error: unknown) => this.world.report(error, 'lease not renewed'));
      }
    };
    // A strict lease outlives the send as it is.
    if (attempt.rotation !== 'strict') void renewing();
    try {
      const answer = send();
      answer.catch(() => undefined); // told below
      await this.world.crash.at('P2', attempt.tokensetId);
      return await answer;
    } finally {
      done.abort();
    }
  }

  private settle(
    attempt: OpenAttempt,
    stored: StoredTokens,
    answer: RefreshAnswer,
    reuseKillsGrant: boolean,
  ): Promise<RefreshOutcome> {
    if (answer.outcome === 'tokens') return this.keep(attempt, stored, answer);
    const why: Refusal = {
      class: answer.class,
      httpStatus: answer.httpStatus,
      code: sayableCode(answer.code, [stored.refresh]),
    };
    // No word on the whole, nor on what was sent before: the next refresh that asks for everything tells.
    if (attempt.narrowed && isOfThePart(answer.class)) return this.released(attempt, 'not_processed', why);
    switch (answer.class) {
      case 'reconnect':
        return this.verdict(attempt, reasonOf(attempt), why);
      case 'race':
        return reuseKillsGrant ? this.verdict(attempt, reasonOf(attempt), why) : this.failed(attempt, answer, why);
      case 'step_up':
        return this.verdict(attempt, 'interaction', why);
      case 'admin_blocked':
        return this.verdict(attempt, 'admin', why);
      case 'client_config':
        return this.released(attempt, 'not_processed', why);
      case 'insufficient_scope':
        return this.released(attempt, 'rejected', why);
      default:
        return this.failed(attempt, answer, why);
    }
  }

  /** Answers only after the commit: nobody sees an access token whose sibling refresh token is not durable. */
  private async keep(attempt: OpenAttempt, stored: StoredTokens, answer: Tokens): Promise<RefreshOutcome> {
    const answeredAt = this.world.monotonic();
    await this.world.crash.at('P3', attempt.tokensetId);
    // A key service that is away now must not cost the tokens either.
    const { credential, tokens } = await untilDurable(this.world, 'refreshed tokens not sealed yet', () =>
      Promise.resolve().then(() => this.sealed(attempt, stored, answer)),
    );
    if (credential.rotated) await spillIfPossible(this.world, { attempt, credential });
    await this.world.crash.at('P3b', attempt.tokensetId);
    try {
      const written = await untilDurable(this.world, 'refreshed tokens not stored yet', () =>
        this.world.store.commit(attempt, credential),
      );
      return await this.committed(attempt, { written, credential, answer, tokens, answeredAt });
    } finally {
      this.world.spill.release(attempt.id);
    }
  }

  /** The new credential as the row will hold it. */
  private sealed(
    attempt: OpenAttempt,
    { refresh: sent, kept }: StoredTokens,
    answer: Tokens,
  ): { credential: NewCredential; tokens: DroppedTokens } {
    const { custody } = this.world;
    // RFC 6749 §6: no new refresh token means the old one stays in use.
    const refreshToken = answer.refreshToken || sent;
    const { tokenOrigin, tokensetId } = attempt;
    const place = { ...attempt.place, tokenOrigin, credVersion: attempt.base + 1 };
    const newKey = attempt.isKeyOld ? custody.newKeyIfPossible(tokensetId) : null;
    const sealed = custody.sealTokens(place, newKey ?? attempt.key, {
      access: kept ?? answer.accessToken,
      refresh: refreshToken,
    });
    const rotated = refreshToken !== sent;
    const { refreshExpiresAt, brought } = answer;
    // A narrowed token is its caller's alone: what is stored of it is the refresh token that came along.
    const { scopes } = attempt.narrowed ? attempt : answer;
    const { issuedAt, expiresAt } = attempt.narrowed ?? { issuedAt: attempt.sentAt, expiresAt: answer.expiresAt };
    return {
      credential: { ...sealed, tokenOrigin, scopes, issuedAt, expiresAt, refreshExpiresAt, brought, rotated, newKey },
      tokens: { accessToken: answer.accessToken, refreshToken },
    };
  }

  private async committed(
    attempt: OpenAttempt,
    { written, credential, answer, tokens, answeredAt }: Written,
  ): Promise<RefreshOutcome> {
    const { metrics, spill, custody } = this.world;
    await this.world.crash.at('P5', attempt.tokensetId);
    const { connectionId } = attempt.place;
    // Only a person or a later replay can say what becomes of one that waits.
    if (credential.rotated && written !== 'waits') await spill.remove(attempt.id);
    if (typeof written === 'string') {
      metrics.superseded(connectionId);
      if (written === 'gone') await this.world.dropped?.(attempt, tokens);
      return { state: 'changed' };
    }
    metrics.committed(connectionId, (this.world.monotonic() - answeredAt) / 1000);
    if (credential.newKey) custody.forget(attempt.key.keyId);
    const { scopes, expiresAt } = answer;
    const stored = { issuedAt: attempt.sentAt, credVersion: attempt.base + 1, now: written.now };
    return { state: 'refreshed', accessToken: tokens.accessToken, scopes, expiresAt, ...stored };
  }

  /** What was in doubt has an end, good or bad. */
  private recovered({ rotation, inDoubtSince, sentAt }: OpenAttempt, begun: number): void {
    if (!inDoubtSince) return;
    const ms = sentAt.getTime() - inDoubtSince.getTime() + this.world.monotonic() - begun;
    this.world.metrics.recovered(rotation, ms / 1000);
  }

  private async verdict(attempt: OpenAttempt, reason: string, why: Refusal): Promise<RefreshOutcome> {
    const written = await this.world.store.requireReconnect(attempt, reason, why);
    if (written === 'superseded') return { state: 'changed' };
    if (reason === 'lost_rotation') this.world.metrics.lostRotation(attempt.place.connectionId);
    return { state: reason === 'unreadable' ? 'unreadable' : 'reconnect_required' };
  }

  private async failed(
    attempt: OpenAttempt,
    answer: Extract<RefreshAnswer, { outcome: 'error' }>,
    why: Refusal,
  ): Promise<RefreshOutcome> {
    const state = stateAfter(answer);
    if (why.code === 'missing_refresh_token') this.world.metrics.missingRotation();
    const delaySeconds = this.delay(attempt, answer, state);
    const end = await this.world.store.setBack(attempt, { ...why, state, delaySeconds });
    return end === 'rejected' ? { state: 'reconnect_required' } : { state: 'failed', class: answer.class };
  }

  private async released(
    attempt: OpenAttempt,
    state: 'not_processed' | 'rejected',
    why: Refusal,
  ): Promise<RefreshOutcome> {
    await this.world.store.release(attempt, state, why);
    return { state: 'failed', class: why.class };
  }

  /**
   * Full jitter, 1 s doubling; the provider's own word counts. A strict provider gets one prompt resend, and that is not
   * wasted on the outage that the first one met; after it they stand far apart.
   */
  private delay(attempt: OpenAttempt, answer: { retryAfter: number | null }, state: string): number {
    const backoff = this.world.random() * Math.min(MOST_BACKOFF_SECONDS, 2 ** Math.min(attempt.failures, 20));
    const soon = state === 'unknown' ? Math.min(backoff, graceLeft(attempt) / 4) : backoff;
    const asked = Math.min(answer.retryAfter ?? 0, MOST_RETRY_AFTER_SECONDS);
    const isInDoubt = attempt.rotation === 'strict' && state === 'unknown';
    const later = attempt.inDoubt === 0 ? PROMPT_RESEND_SECONDS : Math.min(600 * 2 ** (attempt.inDoubt - 1), 3600);
    return Math.max(soon, asked, isInDoubt ? later : 0);
  }
}

type Tokens = Extract<RefreshAnswer, { outcome: 'tokens' }>;

/** What is in the row, in clear. */
interface StoredTokens {
  refresh: string;
  /** The access token that stays, if the new one is not to be stored. */
  kept: string | null;
}

interface Written {
  written: Committed;
  answer: Tokens;
  credential: NewCredential;
  tokens: DroppedTokens;
  answeredAt: number;
}

/** The token was replaced by one that did not reach us, as far as we can know. */
const reasonOf = ({ inDoubt, isRestored }: OpenAttempt): string =>
  inDoubt > 0 || isRestored ? 'lost_rotation' : 'revoked_or_expired';

/** Seconds in which the old token still works after an answer that never came; endless where that is no matter. */
function graceLeft({ rotation, graceSeconds, sentAt, inDoubtSince }: OpenAttempt): number {
  const left = graceSeconds - (inDoubtSince ? (sentAt.getTime() - inDoubtSince.getTime()) / 1000 : 0);
  return rotation === 'grace' && left > 0 ? left : Infinity;
}

/** A no that nobody can mistake for a lost answer, whatever else it means. */
const DEFINITE = ['unknown', 'restart_flow', 'user_denied'];

/** What a failed attempt leaves behind: may the provider have acted on it? */
function stateAfter(answer: Extract<RefreshAnswer, { outcome: 'error' }>): 'not_processed' | 'unknown' | 'rejected' {
  if (DEFINITE.includes(answer.class)) return 'rejected';
  if (answer.class === 'rate_limited' || answer.class === 'bug' || answer.class === 'race') return 'not_processed';
  if (!answer.sent || (answer.httpStatus === 503 && answer.retryAfter !== null)) return 'not_processed';
  return 'unknown';
}

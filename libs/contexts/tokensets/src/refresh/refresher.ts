import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { Locks, LockTimeoutError } from '@strongroom/locking';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { ProviderError, ProviderTokens, ResolvedProvider } from '@strongroom/providers';
import { broughtBy, storableScopes } from '../brought.js';
import { Connections } from '../connections.js';
import type { AccountParams } from '../known-connection.js';
import type { CallAnswer } from '../limits/breaker.js';
import { Lane } from '../limits/lane.js';
import { RefreshLimits, type Work } from '../limits/refresh-limits.js';
import { ProviderClient } from '../provider-client.js';
import { redirectUriOf } from '../redirect-uri.js';
import { RefreshInProgressError } from '../tokensets.errors.js';
import { LAST_WRITE_MS, TokensetsSettings } from '../tokensets.options.js';
import { canNarrow } from './can-narrow.js';
import { AfterRefresh } from './after-refresh.js';
import { Flights } from './flights.js';
import { RefreshCore, type SendRefresh } from './refresh-core.js';
import { RefreshSignals } from './refresh-signals.js';
import { ProcessWorld } from './refresh-world.js';
import { type RefreshAnswer, type RefreshKind, type RefreshOutcome, type RefreshTerms } from './refresh.types.js';

export interface DueRefresh {
  tokensetId: string;
  connectionId: string;
  params: AccountParams;
  reserveSeconds: number;
  /** Null: only if the token has less left than that. A number: whatever it has left, while it is at this version. */
  atVersion: number | null;
  /** Only these scopes, at whatever version; the new token is not stored. */
  narrowTo?: readonly string[];
  kind: RefreshKind;
  actor: Actor;
}

/** How long the lock of a process that was killed keeps the others waiting; after that the row decides. */
const LOCK_MS = 3_000;
const BACKGROUND_WAIT_MS = 1_000;

/** Refreshes one tokenset at a time, whoever and however many ask. */
@Injectable()
export class Refresher {
  private readonly flights = new Flights<RefreshOutcome>();
  private readonly narrowed = new Flights<RefreshOutcome>();
  /** Of those who want different parts of one grant one is under way. */
  private readonly lanes = new Map<string, Lane>();
  private readonly core: RefreshCore;

  constructor(
    private readonly world: ProcessWorld,
    private readonly signals: RefreshSignals,
    private readonly limits: RefreshLimits,
    private readonly connections: Connections,
    private readonly client: ProviderClient,
    private readonly after: AfterRefresh,
    private readonly locks: Locks,
    private readonly settings: TokensetsSettings,
    private readonly publicUrl: PublicUrl,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.core = new RefreshCore(world);
  }

  /** Settles when the provider has answered and the answer is durable; not when the caller stops waiting. */
  refresh(due: DueRefresh): Promise<RefreshOutcome> {
    if (due.narrowTo) return this.narrow(due, due.narrowTo);
    return this.flights.join(
      due.tokensetId,
      () => this.flown(due),
      () => new RefreshInProgressError(),
    );
  }

  /** Refuses new flights and lets those land that are in the air. */
  async close(): Promise<void> {
    // What is in flight has a deadline of its own; after that only a store that stays away can keep it up.
    const { patienceMs } = this.settings;
    const patience = setTimeout(() => this.world.giveUp(), patienceMs).unref();
    await Promise.all([this.flights, this.narrowed].map((flights) => flights.close(patienceMs + LAST_WRITE_MS)));
    clearTimeout(patience);
  }

  /** Shared by those who want the very same scopes while it is under way, and by nobody afterwards. */
  private narrow(due: DueRefresh, scopes: readonly string[]): Promise<RefreshOutcome> {
    const key = JSON.stringify([due.tokensetId, ...scopes.toSorted()]);
    return this.narrowed.join(
      key,
      () => this.inTurn(due),
      () => new RefreshInProgressError(),
    );
  }

  private async inTurn(due: DueRefresh): Promise<RefreshOutcome> {
    const lane = this.lanes.get(due.tokensetId) ?? new Lane();
    this.lanes.set(due.tokensetId, lane);
    const outcome = await lane
      .inTurn(this.settings.refreshWaitMs, () => this.flown(due))
      .finally(() => lane.isEmpty && this.lanes.delete(due.tokensetId));
    return outcome ?? { state: 'held' };
  }

  private async flown(due: DueRefresh): Promise<RefreshOutcome> {
    const outcome = await this.fly(due);
    // Somebody else's refresh is over sooner than the time for ours: who waits is told then, and reads what came of it.
    if (outcome.state === 'held' && isWaitedFor(due.kind))
      await this.signals.settled(due.tokensetId, this.settings.refreshWaitMs);
    else if (outcome.state !== 'held' && outcome.state !== 'awaited') this.signals.say(due.tokensetId);
    return outcome;
  }

  private async fly(due: DueRefresh): Promise<RefreshOutcome> {
    const connection = await this.connections.now(due.connectionId);
    const { provider, formerTokenOrigins } = connection?.of(due.params, true) ?? NOTHING;
    if (!provider) return { state: 'failed', class: 'client_config' };
    if (due.narrowTo && !canNarrow(provider)) return { state: 'failed', class: 'insufficient_scope' };
    const { connectionId } = due;
    const { tokenOrigin } = provider;
    const budgetPerSecond = provider.entry.rateLimit.budgetPerSecond ?? null;
    const admission = await this.limits.admit({ connectionId, tokenOrigin, budgetPerSecond }, this.workOf(due.kind));
    if ('state' in admission) return admission;
    let last: CallAnswer = NOT_SENT;
    try {
      return await this.admitted(due, { provider, formerTokenOrigins }, (answer) => (last = answer));
    } finally {
      admission.end(last);
    }
  }

  /** Within the budget of its provider. `heard` is told of each answer. */
  private async admitted(
    due: DueRefresh,
    { provider, formerTokenOrigins }: { provider: ResolvedProvider; formerTokenOrigins: readonly string[] },
    heard: (answer: CallAnswer) => void,
  ): Promise<RefreshOutcome> {
    const clientSecret = await this.connections.clientSecret(due.connectionId);
    const { rotation, graceSeconds, tokenOrigin } = provider;
    const { tokensetId, reserveSeconds, atVersion, kind, actor } = due;
    const terms: RefreshTerms = {
      tokensetId,
      tokenOrigin,
      formerTokenOrigins,
      // An entry that expects no refresh tokens says nothing of what reusing one does.
      rotation: rotation === 'none' ? 'strict' : rotation,
      graceSeconds,
      reserveSeconds,
      atVersion,
      narrowTo: due.narrowTo ?? null,
      kind,
      actor,
    };
    let answer: ProviderTokens | undefined;
    const send = this.sender(provider, clientSecret, due.narrowTo !== undefined, (received, seconds) => {
      const ok = received.outcome === 'tokens';
      if (ok) answer = received;
      const { connectionId } = due;
      this.world.metrics.attempt(connectionId, kind, ok ? 'ok' : received.class);
      this.world.metrics.answered(connectionId, seconds);
      heard(ok ? OK : received);
    });
    const work = () => this.core.refresh(terms, send, provider.refresh.reuse === 'revokes-grant');
    const outcome = await this.alone(due, work);
    if (outcome.state !== 'refreshed' || !answer) return outcome;
    const fresh = { tokensetId, provider, clientSecret, answer, isPart: due.narrowTo !== undefined };
    this.after.follow(outcome, fresh);
    return this.after.withLifetime(outcome, fresh);
  }

  /** The lock keeps other processes' callers from racing to the same row. Without it that row decides. */
  private async alone({ tokensetId, kind }: DueRefresh, work: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    let hasBegun = false;
    const waitMs = isWaitedFor(kind) ? this.settings.refreshWaitMs : 0;
    const lease = { waitMs, holdMs: LOCK_MS, isKept: true };
    try {
      return await this.locks.withLock(`refresh:${tokensetId}`, lease, () => {
        hasBegun = true;
        return work();
      });
    } catch (error) {
      if (hasBegun) throw error;
      if (!(error instanceof LockTimeoutError)) {
        this.world.metrics.lockFallback();
        this.logger.warn({ err: error }, 'refreshing without the lock');
      }
      return work();
    }
  }

  /** What nobody waits for is left for the next time rather than kept in line. */
  private workOf(kind: RefreshKind): Work {
    const background = !isWaitedFor(kind);
    // Sooner than its callers' time is over, so that they are told why.
    return { background, waitMs: background ? BACKGROUND_WAIT_MS : this.settings.refreshWaitMs * 0.9 };
  }

  private sender(
    provider: ResolvedProvider,
    clientSecret: string | null,
    isNarrowed: boolean,
    heard: (answer: ProviderTokens | ProviderError, seconds: number) => void,
  ): SendRefresh {
    return async (refreshToken, scopes, now) => {
      const began = performance.now();
      const answer = await this.client.token(provider, {
        phase: 'refresh',
        input: {
          clientSecret,
          refreshToken,
          redirectUri: redirectUriOf(this.publicUrl, provider.name),
          // Nobody asked for less: where a scope only narrows, none is said.
          ...(isNarrowed || provider.entry.tokenRequest.refreshScope === 'always' ? { scopes } : {}),
        },
        scopes,
        now,
        timeoutMs: this.settings.refreshTimeoutMs,
      });
      heard(answer, (performance.now() - began) / 1000);
      return readable(provider, answer);
    };
  }
}

/** Somebody wants the token. */
const isWaitedFor = (kind: RefreshKind): boolean => kind === 'on_demand' || kind === 'forced';

/** The connection is gone. */
const NOTHING = { provider: null, formerTokenOrigins: [] };

const OK: CallAnswer = { class: 'ok', retryAfter: null };
const NOT_SENT: CallAnswer = { class: 'none', retryAfter: null };

const readable = (provider: ResolvedProvider, answer: ProviderTokens | ProviderError): RefreshAnswer =>
  answer.outcome === 'tokens'
    ? { ...answer, scopes: storableScopes(answer.scopes), brought: broughtBy(provider, answer) }
    : {
        outcome: 'error',
        class: answer.class,
        httpStatus: answer.status || null,
        code: answer.code,
        retryAfter: answer.retryAfter,
        sent: answer.sent !== 'no',
      };

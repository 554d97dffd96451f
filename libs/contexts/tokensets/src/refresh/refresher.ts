import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Actor } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { Locks, LockTimeoutError } from '@strongroom/locking';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { ProviderError, ProviderTokens, ResolvedProvider } from '@strongroom/providers';
import { broughtBy, storableScopes } from '../brought.js';
import { Connections } from '../connections.js';
import { Custody } from '../custody/custody.js';
import type { AccountParams } from '../known-connection.js';
import { ProviderClient } from '../provider-client.js';
import { redirectUriOf } from '../redirect-uri.js';
import { RefreshInProgressError } from '../tokensets.errors.js';
import { LAST_WRITE_MS, TokensetsSettings } from '../tokensets.options.js';
import { AfterRefresh } from './after-refresh.js';
import { CrashPoints } from './crash-points.js';
import { Flights } from './flights.js';
import { RefreshCore, type SendRefresh } from './refresh-core.js';
import { RefreshMetrics } from './refresh-metrics.js';
import {
  type RefreshAnswer,
  type RefreshKind,
  type RefreshOutcome,
  RefreshSpill,
  RefreshStore,
  type RefreshTerms,
} from './refresh.types.js';

export interface DueRefresh {
  tokensetId: string;
  connectionId: string;
  params: AccountParams;
  reserveSeconds: number;
  /** Null: only if the token has less left than that. A number: whatever it has left, while it is at this version. */
  atVersion: number | null;
  kind: RefreshKind;
  actor: Actor;
}

/** How long the lock of a process that was killed keeps the others waiting; after that the row decides. */
const LOCK_MS = 3_000;

/** Refreshes one tokenset at a time, whoever and however many ask. */
@Injectable()
export class Refresher implements BeforeApplicationShutdown {
  private readonly flights = new Flights<RefreshOutcome>();
  private readonly core: RefreshCore;
  private isAlive = true;

  constructor(
    store: RefreshStore,
    custody: Custody,
    spill: RefreshSpill,
    crash: CrashPoints,
    metrics: RefreshMetrics,
    private readonly connections: Connections,
    private readonly client: ProviderClient,
    private readonly after: AfterRefresh,
    private readonly locks: Locks,
    private readonly settings: TokensetsSettings,
    private readonly publicUrl: PublicUrl,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.core = new RefreshCore({
      store,
      custody,
      spill,
      crash,
      metrics,
      monotonic: () => performance.now(),
      random: Math.random,
      sleep: (ms) => sleep(ms),
      report: (error, what) => this.logger.error({ err: error }, what),
      alive: () => this.isAlive,
    });
  }

  /** Settles when the provider has answered and the answer is durable; not when the caller stops waiting. */
  refresh(due: DueRefresh): Promise<RefreshOutcome> {
    return this.flights.join(
      due.tokensetId,
      () => this.fly(due),
      () => new RefreshInProgressError(),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    // What is in flight has a deadline of its own; after that only a store that stays away can keep it up.
    const { patienceMs } = this.settings;
    const patience = setTimeout(() => (this.isAlive = false), patienceMs).unref();
    await this.flights.close(patienceMs + LAST_WRITE_MS);
    clearTimeout(patience);
  }

  private async fly(due: DueRefresh): Promise<RefreshOutcome> {
    const connection = await this.connections.now(due.connectionId);
    const { provider, formerTokenOrigins } = connection?.of(due.params, true) ?? NOTHING;
    if (!provider) return { state: 'failed', class: 'client_config' };
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
      kind,
      actor,
    };
    let answer: ProviderTokens | undefined;
    const send = this.sender(provider, clientSecret, (tokens) => (answer = tokens));
    const work = () => this.core.refresh(terms, send, provider.refresh.reuse === 'revokes-grant');
    const outcome = await this.alone(tokensetId, work);
    if (outcome.state !== 'refreshed' || !answer) return outcome;
    const fresh = { tokensetId, provider, clientSecret, answer };
    this.after.follow(outcome, fresh);
    return this.after.withLifetime(outcome, fresh);
  }

  /** The lock keeps other processes' callers from racing to the same row. Without it that row decides. */
  private async alone(tokensetId: string, work: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    let hasBegun = false;
    const lease = { waitMs: this.settings.refreshWaitMs, holdMs: LOCK_MS, isKept: true };
    try {
      return await this.locks.withLock(`refresh:${tokensetId}`, lease, () => {
        hasBegun = true;
        return work();
      });
    } catch (error) {
      if (hasBegun) throw error;
      if (!(error instanceof LockTimeoutError)) this.logger.warn({ err: error }, 'refreshing without the lock');
      return work();
    }
  }

  private sender(
    provider: ResolvedProvider,
    clientSecret: string | null,
    keep: (tokens: ProviderTokens) => void,
  ): SendRefresh {
    return async (refreshToken, scopes, now) => {
      const answer = await this.client.token(provider, {
        phase: 'refresh',
        input: {
          clientSecret,
          refreshToken,
          redirectUri: redirectUriOf(this.publicUrl, provider.name),
          // Nobody asked for less: where a scope only narrows, none is said.
          ...(provider.entry.tokenRequest.refreshScope === 'always' ? { scopes } : {}),
        },
        scopes,
        now,
        timeoutMs: this.settings.refreshTimeoutMs,
      });
      if (answer.outcome === 'tokens') keep(answer);
      return readable(provider, answer);
    };
  }
}

/** The connection is gone. */
const NOTHING = { provider: null, formerTokenOrigins: [] };

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

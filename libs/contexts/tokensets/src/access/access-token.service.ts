import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { IssuedToken, WantedToken } from '@strongroom/contracts';
import { UnreadableRecord } from '@strongroom/crypto';
import { Connections } from '../connections.js';
import { EarlyRefresh } from '../ahead/early-refresh.js';
import { Custody } from '../custody/custody.js';
import { isBoundTo } from '../known-connection.js';
import type { Limited } from '../limits/refresh-limits.js';
import { isOfThePart } from '../refresh/can-narrow.js';
import { RefreshMetrics } from '../refresh/refresh-metrics.js';
import type { RefreshOutcome } from '../refresh/refresh.types.js';
import { Refresher } from '../refresh/refresher.js';
import {
  AnswerAwaitedError,
  CredentialUnreadableError,
  MisconfiguredError,
  PausedByPersonError,
  ProviderDownError,
  ReconnectRequiredError,
  type ReconnectReason,
  RefreshInProgressError,
  ScopeNotNarrowableError,
  TokensetNotFoundError,
} from '../tokensets.errors.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { CallerWait } from './caller-wait.js';
import { accountHint, chooseAccount } from './choose-account.js';
import { aboutAccount, actorOf, type Chosen, isServable, lifeNow } from './chosen-token.js';
import { ConnectHints } from './connect-hints.js';
import { isUsable, secondsLeft } from './lifetime.js';
import { TokensetReads } from './tokenset-reads.js';
import { UsageMarks } from './usage-marks.js';
import { Verdicts } from './verdicts.js';
import { WantedScopes } from './wanted-scopes.js';

/** Said of a token that never ends, so that caches come back (`spec/wire-contract.md` §1.7). */
const ENDLESS_SECONDS = 3_600;
/** What a token that was over when it came, or a provider that failed last, is waited for (`spec/refresh.md` §9). */
const SOON_SECONDS = 2;
const JOINED_MS = 200;

/** Reads, and refreshes if need be: steps 1 to 4 of `spec/refresh.md` §4 and what a caller gets (§9). */
@Injectable()
export class AccessTokenService {
  constructor(
    private readonly reads: TokensetReads,
    private readonly connections: Connections,
    private readonly custody: Custody,
    private readonly refresher: Refresher,
    private readonly early: EarlyRefresh,
    private readonly metrics: RefreshMetrics,
    private readonly verdicts: Verdicts,
    private readonly usage: UsageMarks,
    private readonly scopes: WantedScopes,
    private readonly hints: ConnectHints,
    private readonly settings: TokensetsSettings,
  ) {}

  async accessToken(wanted: WantedToken): Promise<IssuedToken | null> {
    const wait = new CallerWait(this.metrics, this.settings.refreshWaitMs);
    return wait.told(() => this.answered(wanted, wait));
  }

  private async answered(wanted: WantedToken, wait: CallerWait): Promise<IssuedToken | null> {
    for (let round = 0; ; round += 1) {
      if (round > 1) await sleep(Math.min(500, 40 * round) * (0.5 + Math.random()));
      const chosen = await this.choose(wanted, wait);
      const answer = await this.once(chosen).catch(aboutAccount(chosen.token.accountId));
      if (answer !== 'again' && answer !== 'awaited') return answer;
      wait.isAwaited = answer === 'awaited';
    }
  }

  private async choose(wanted: WantedToken, wait: CallerWait): Promise<Chosen> {
    const [accounts, connection] = await Promise.all([
      this.reads.ofPerson(wanted.personId, wanted.connectionId, wanted.clientId),
      this.connections.recent(wanted.connectionId),
    ]);
    const [account, ...more] = accounts;
    if (!account || !connection)
      throw new TokensetNotFoundError(this.hints.of(connection?.view.name ?? wanted.connectionId));
    const token = chooseAccount([account, ...more], wanted.hint);
    if (token.isPaused)
      throw new PausedByPersonError({ connection: connection.view.name, account: accountHint(token) });
    const provider = connection.of(token.params, token.hasRefreshToken);
    const reserveSeconds = (wanted.minimumSeconds ?? this.settings.minimumSeconds) + provider.skewSeconds;
    return { wanted, token, connection, provider, reserveSeconds, wait, narrowTo: null };
  }

  private async once(account: Chosen): Promise<IssuedToken | null | 'again' | 'awaited'> {
    const chosen = { ...account, narrowTo: this.scopes.narrowTo(account) };
    const { wanted, token, provider, reserveSeconds } = chosen;
    const usable = chosen.narrowTo === null && token.accessSealed !== null && isUsable(lifeNow(token), reserveSeconds);
    if (token.reason !== null) {
      if (token.reason === 'lost_rotation' && usable) return this.serve(chosen);
      throw this.reconnect(chosen, token.reason);
    }
    if (!isBoundTo(token.place.tokenOrigin, provider)) return this.moved(chosen);
    if (usable && this.early.isDue(token, provider)) {
      // Whoever may not refresh asks again once it is certain for whom.
      if (!wanted.mayRefresh) return null;
      this.early.begin(token, actorOf(wanted));
    }
    if (usable || (!token.hasRefreshToken && isServable(chosen))) return this.serve(chosen);
    if (!wanted.mayRefresh) return null;
    if (!token.hasRefreshToken) {
      await this.verdicts.reconnect(token.place, 'no_refresh_token', actorOf(wanted));
      return 'again';
    }
    return (await this.cooling(chosen)) ?? this.refreshed(chosen);
  }

  /** The provider has just failed: what lives is served, the rest waits if that can help in time. */
  private async cooling(chosen: Chosen): Promise<IssuedToken | null | 'again' | undefined> {
    const { token, wait } = chosen;
    const waitMs = (token.nextAttemptAt?.getTime() ?? 0) - lifeNow(token).now.getTime();
    if (waitMs <= 0) return undefined;
    if (isServable(chosen)) return this.stale(chosen);
    if (waitMs > wait.leftMs)
      throw (await this.reads.isMisconfigured(token.place))
        ? new MisconfiguredError()
        : new ProviderDownError(waitMs / 1000);
    wait.begin();
    await sleep(waitMs);
    return 'again';
  }

  private async refreshed(chosen: Chosen): Promise<IssuedToken | null | 'again' | 'awaited'> {
    const { wanted, token, reserveSeconds, wait } = chosen;
    if (wait.leftMs <= 0) return this.late(chosen);
    wait.begin();
    const flight = this.refresher.refresh({
      tokensetId: token.place.tokensetId,
      connectionId: token.place.connectionId,
      params: token.params,
      reserveSeconds,
      atVersion: null,
      ...(chosen.narrowTo ? { narrowTo: chosen.narrowTo } : {}),
      kind: 'on_demand',
      actor: actorOf(wanted),
    });
    const outcome = await within(flight, wait.leftMs);
    switch (outcome?.state) {
      case 'refreshed':
        // Counted from the provider's own clock it was over before it came: stored, and another one is got next time.
        if (secondsLeft(outcome) <= 0) throw new ProviderDownError(SOON_SECONDS);
        return (await this.isStillTheirs(chosen)) ? this.issued(chosen, outcome) : 'again';
      case 'changed':
      case 'moved':
      case 'reconnect_required':
        return 'again';
      case 'unreadable':
        throw this.unreadable(chosen);
      case 'failed':
        return this.failed(chosen, outcome.class);
      case 'held':
        return 'again';
      case 'awaited':
        return isServable(chosen) ? this.stale(chosen) : 'awaited';
      case 'limited':
        return this.limited(chosen, outcome);
      case undefined:
        return this.late(chosen);
    }
  }

  /** The provider took its time: what the person decided meanwhile counts. */
  private async isStillTheirs({ wanted, token: { accountId } }: Chosen): Promise<boolean> {
    const accounts = await this.reads.ofPerson(wanted.personId, wanted.connectionId, wanted.clientId);
    return accounts.some((account) => account.accountId === accountId && !account.isPaused);
  }

  /** The caller waits no longer; what is under way goes on. */
  private late(chosen: Chosen): Promise<IssuedToken | null> {
    if (isServable(chosen)) return this.stale(chosen);
    if (chosen.wait.isAwaited) throw new AnswerAwaitedError();
    throw chosen.wait.hasFailed ? new ProviderDownError(SOON_SECONDS) : new RefreshInProgressError();
  }

  /** Nothing may be sent now: of this connection, or to this provider by anybody. */
  private async limited(chosen: Chosen, { why, retryAfterSeconds }: Limited): Promise<IssuedToken | null | 'again'> {
    const { wait } = chosen;
    if (isServable(chosen)) return this.stale(chosen);
    if (why === 'client_config') throw new MisconfiguredError();
    // Work that nobody waited for, joined on its way, gave up sooner than this caller has to.
    if (why === 'budget' && retryAfterSeconds * 1000 < wait.leftMs) {
      await sleep(Math.min(wait.leftMs, JOINED_MS));
      return 'again';
    }
    throw new ProviderDownError(retryAfterSeconds);
  }

  /** A refresh was due and is not to be had: a short token beats none. */
  private stale(chosen: Chosen): Promise<IssuedToken | null> {
    this.metrics.servedStale(chosen.token.place.connectionId);
    chosen.wait.isStale = true;
    return this.serve(chosen);
  }

  private failed(chosen: Chosen, kind: string): Promise<IssuedToken | null> | 'again' {
    const { token, wait } = chosen;
    if (kind === 'insufficient_scope') throw this.scopes.missing(chosen, chosen.wanted.scopes ?? token.scopes);
    if (chosen.narrowTo && isOfThePart(kind)) throw new ScopeNotNarrowableError(token.scopes);
    wait.hasFailed = true;
    const isOurs = kind === 'client_config' || kind === 'bug';
    if (!isOurs && wait.leftMs > 0) return 'again';
    if (isServable(chosen)) return this.stale(chosen);
    throw isOurs ? new MisconfiguredError() : new ProviderDownError(1);
  }

  private async serve(chosen: Chosen): Promise<IssuedToken | null> {
    const { token, wanted, narrowTo } = chosen;
    if (narrowTo !== null) throw new Error('the stored token is more than was asked for');
    try {
      const accessToken = this.custody.open(token.place, token.key, 'access', token.accessSealed ?? Buffer.alloc(0));
      if (!token.isUsedToday) this.usage.mark(token.place.tokensetId);
      return this.answer(chosen, { accessToken, scopes: token.scopes, life: lifeNow(token), refreshed: false });
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      if (!wanted.mayRefresh) return null;
      // Somebody may have replaced the tokens, and with them the key, between the read and now.
      if (token.status === 'active' && !(await this.verdicts.reconnect(token.place, 'unreadable', actorOf(wanted))))
        return this.accessToken(wanted);
      throw this.unreadable(chosen);
    }
  }

  private issued(chosen: Chosen, fresh: Extract<RefreshOutcome, { state: 'refreshed' }>): IssuedToken {
    this.scopes.checkAnswer(chosen, fresh.scopes);
    if (!chosen.token.isUsedToday) this.usage.mark(chosen.token.place.tokensetId);
    return this.answer(chosen, { ...fresh, life: fresh, refreshed: true });
  }

  private answer(
    { token }: Chosen,
    given: {
      accessToken: string;
      scopes: string[];
      life: { now: Date; issuedAt: Date; expiresAt: Date | null };
      refreshed: boolean;
    },
  ): IssuedToken {
    const { accessToken, scopes, life, refreshed } = given;
    return {
      accessToken,
      expiresIn: life.expiresAt === null ? ENDLESS_SECONDS : Math.max(0, Math.floor(secondsLeft(life))),
      expiresAt: life.expiresAt?.toISOString() ?? null,
      scopes,
      accountId: token.accountId,
      tokensetId: token.place.tokensetId,
      connectionId: token.place.connectionId,
      refreshed,
    };
  }

  /** Nothing is sent to a place the refresh token did not come from; asked again, for what we remember may be old. */
  private async moved({ wanted, token }: Chosen): Promise<null | 'again'> {
    if (!wanted.mayRefresh) return null;
    const connection = await this.connections.now(token.place.connectionId);
    const provider = connection?.of(token.params, token.hasRefreshToken);
    if (provider && !provider.tokenOrigin) throw new MisconfiguredError();
    if (provider && !isBoundTo(token.place.tokenOrigin, provider))
      await this.verdicts.reconnect(token.place, 'endpoint_changed', actorOf(wanted));
    else await sleep(STALE_MS);
    return 'again';
  }

  private reconnect(chosen: Chosen, cause: ReconnectReason): ReconnectRequiredError {
    return new ReconnectRequiredError({ cause, ...this.where(chosen) });
  }

  private unreadable(chosen: Chosen): CredentialUnreadableError {
    return new CredentialUnreadableError(this.where(chosen));
  }

  private where({ token, connection: { view } }: Chosen) {
    return {
      connection: view.name,
      account: accountHint(token),
      connect: this.hints.of(view.name, { id: token.accountId, scopes: token.scopes }),
    };
  }
}

/** Until a connection that was remembered is asked for again. */
const STALE_MS = 250;

/** Undefined once the time is over; the work goes on. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work,
      sleep(Math.max(0, ms), undefined, { signal: over.signal }).catch(() => undefined),
    ]);
  } finally {
    over.abort();
  }
}

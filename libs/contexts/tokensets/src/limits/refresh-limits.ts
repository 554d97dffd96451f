import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { type Ask, type Budget, Budgets, type Permit } from '@strongroom/locking';
import { LOGGER, type Logger } from '@strongroom/observability';
import { type BreakerState, RefreshMetrics } from '../refresh/refresh-metrics.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { Breaker, type CallAnswer } from './breaker.js';
import { Lane } from './lane.js';

/** Where a refresh token is sent, and how often its catalogue entry allows that; null: as everywhere. */
export interface LimitedHost {
  connectionId: string;
  tokenOrigin: string;
  budgetPerSecond: number | null;
}

export interface Work {
  /** Nobody waits for it. */
  background: boolean;
  waitMs: number;
}

/** One refresh may go on. Whoever has it ends it, whatever happens. */
export interface Admission {
  end(answer: CallAnswer): void;
}

export interface Limited {
  state: 'limited';
  why: 'budget' | 'breaker' | 'rate_limited' | 'client_config';
  retryAfterSeconds: number;
}

/** What is left for one who dies with a permit in hand. */
const HOLD_MARGIN_MS = 15_000;
const MOST_REMEMBERED = 10_000;

interface Line {
  readonly callers: Lane;
  readonly background: Lane;
}

/** Keeps the calls to a provider within its budget, and ends them while they cannot succeed. */
@Injectable()
export class RefreshLimits {
  private readonly breakers = new Map<string, Breaker>();
  private readonly lines = new Map<string, Line>();
  /** Monotonic milliseconds; a test's own clock moves the breakers. */
  now: () => number = () => performance.now();

  constructor(
    private readonly budgets: Budgets,
    private readonly settings: TokensetsSettings,
    private readonly metrics: RefreshMetrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Waits until there is room, no longer than `waitMs`; at once where waiting so long cannot help. */
  async admit(host: LimitedHost, work: Work): Promise<Admission | Limited> {
    const deadline = performance.now() + work.waitMs;
    for (;;) {
      const breaker = this.breaker(host.connectionId);
      const closed = breaker.closed();
      if (closed) {
        if (performance.now() + closed.waitMs > deadline) return limited(closed.why, closed.waitMs);
        await sleep(closed.waitMs);
        continue;
      }
      const permit = await this.permit(host, work, deadline - performance.now());
      if ('state' in permit) return permit;
      // Only now: a probe that waited for its budget would keep the others out meanwhile.
      const pass = breaker.enter();
      if (pass) return this.admission(host.connectionId, breaker, pass, permit);
      await permit.release();
    }
  }

  private admission(connectionId: string, breaker: Breaker, pass: symbol, permit: Permit): Admission {
    let isOver = false;
    return {
      end: (answer) => {
        if (isOver) return;
        isOver = true;
        void permit.release().catch((error: unknown) => this.logger.warn({ err: error }, 'permit not given back'));
        const before = breaker.state;
        breaker.answered(pass, answer);
        this.say(connectionId, before, breaker.state, answer.class);
      },
    };
  }

  private async permit(host: LimitedHost, { background }: Work, waitMs: number): Promise<Permit | Limited> {
    const began = performance.now();
    const key = `${host.connectionId} ${host.tokenOrigin}`;
    const line = this.line(key);
    const ask = { background, holdMs: this.settings.refreshTimeoutMs + HOLD_MARGIN_MS };
    const lane = background ? line.background : line.callers;
    const permit = await lane.inTurn(waitMs, (leftMs) => this.asked(key, this.budgetOf(host), ask, leftMs));
    if (line.callers.isEmpty && line.background.isEmpty) this.lines.delete(key);
    this.metrics.budgetWaited(host.connectionId, (performance.now() - began) / 1000);
    return permit ?? limited('budget', 1_000);
  }

  private async asked(key: string, budget: Budget, ask: Ask, waitMs: number): Promise<Permit | Limited> {
    for (const deadline = performance.now() + waitMs; ;) {
      const answer = await this.budgets.take(key, budget, ask);
      if ('release' in answer) return answer;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return limited('budget', answer.retryAfterMs);
      // Others ask too, and what comes back goes to whoever asks next.
      await sleep(Math.min(leftMs, answer.retryAfterMs * (1 + Math.random() / 4)));
    }
  }

  private say(connection: string, before: BreakerState, after: BreakerState, why: string): void {
    this.metrics.breaker(connection, after);
    if (before === after) return;
    if (after === 'closed') this.logger.info({ connection }, 'refreshes go on');
    else if (after === 'client_config')
      this.logger.error({ connection }, 'the provider refuses our client; probed once a minute');
    else this.logger.warn({ connection, state: after, class: why }, 'refreshes of a connection are stopped');
  }

  private breaker(connectionId: string): Breaker {
    const known = this.breakers.get(connectionId);
    if (known) return known;
    if (this.breakers.size >= MOST_REMEMBERED) this.breakers.clear();
    const breaker = new Breaker(() => this.now());
    this.breakers.set(connectionId, breaker);
    return breaker;
  }

  private line(key: string): Line {
    const known = this.lines.get(key);
    if (known) return known;
    const line = { callers: new Lane(), background: new Lane() };
    this.lines.set(key, line);
    return line;
  }

  private budgetOf({ budgetPerSecond }: LimitedHost): Budget {
    const { perSecond, burst, inFlight } = this.settings.refreshBudget;
    if (budgetPerSecond === null || budgetPerSecond >= perSecond) return { perSecond, burst, inFlight };
    // A rate of its own says how much the provider bears at once, too.
    return { perSecond: budgetPerSecond, burst: Math.max(1, (burst * budgetPerSecond) / perSecond), inFlight };
  }
}

const limited = (why: Limited['why'], waitMs: number): Limited => ({
  state: 'limited',
  why,
  retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
});

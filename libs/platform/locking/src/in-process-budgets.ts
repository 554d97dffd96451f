import {
  type Ask,
  type Budget,
  Budgets,
  IN_FLIGHT_RETRY_MS,
  partOf,
  type Permit,
  type Refused,
  WAITING_MS,
} from './budgets.js';

/** Beyond this the one that was asked longest ago is forgotten. */
const REMEMBERED = 10_000;

interface Account {
  tokens: number;
  /** Of the half that background work may take while somebody waits. */
  background: number;
  at: number;
  waitingUntil: number;
  /** Until when each permit counts. */
  readonly held: Map<symbol, { background: boolean; until: number }>;
}

/** Counts alone in this process. */
export class InProcessBudgets extends Budgets {
  private readonly accounts = new Map<string, Account>();

  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override take(key: string, budget: Budget, ask: Ask): Promise<Permit | Refused> {
    const account = this.account(key, budget);
    const { now } = this;
    const at = now();
    const half = partOf(budget, 0.5);
    const seconds = Math.max(0, at - account.at) / 1000;
    account.tokens = Math.min(budget.burst, account.tokens + seconds * budget.perSecond);
    account.background = Math.min(half.burst, account.background + seconds * half.perSecond);
    account.at = at;
    for (const [permit, { until }] of account.held) if (until <= at) account.held.delete(permit);
    const inBackground = [...account.held.values()].filter(({ background }) => background).length;
    const isHalved = ask.background && account.waitingUntil > at;

    const isFull = account.held.size >= budget.inFlight || (isHalved && inBackground >= half.inFlight);
    const waitMs = Math.max(
      missing(account.tokens, budget.perSecond),
      isHalved ? missing(account.background, half.perSecond) : 0,
      isFull ? IN_FLIGHT_RETRY_MS : 0,
    );
    if (waitMs > 0) {
      if (!ask.background) account.waitingUntil = at + WAITING_MS;
      return Promise.resolve({ retryAfterMs: waitMs });
    }
    account.tokens -= 1;
    if (ask.background) account.background = Math.max(0, account.background - 1);
    const permit = Symbol('permit');
    account.held.set(permit, { background: ask.background, until: at + ask.holdMs });
    return Promise.resolve({
      release: () => {
        account.held.delete(permit);
        return Promise.resolve();
      },
    });
  }

  private account(key: string, { burst }: Budget): Account {
    const known = this.accounts.get(key);
    this.accounts.delete(key);
    if (this.accounts.size >= REMEMBERED) this.accounts.delete(this.accounts.keys().next().value!);
    const account = known ?? {
      tokens: burst,
      background: Math.max(1, burst / 2),
      at: this.now(),
      waitingUntil: -Infinity,
      held: new Map(),
    };
    this.accounts.set(key, account);
    return account;
  }
}

/** Milliseconds until there is a whole one. */
const missing = (tokens: number, perSecond: number): number =>
  tokens >= 1 ? 0 : Math.max(1, Math.ceil(((1 - tokens) / perSecond) * 1000));

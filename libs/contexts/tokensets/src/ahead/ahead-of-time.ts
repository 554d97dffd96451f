import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { Connections } from '../connections.js';
import type { AccountParams } from '../known-connection.js';
import { Pauses } from '../refresh/pauses.js';
import type { RefreshOutcome } from '../refresh/refresh.types.js';
import { Refresher } from '../refresh/refresher.js';
import { DueAhead, type DueTokenset, type Reason } from './due-ahead.js';

const EVERY_MS = 15_000;
const AT_ONCE = 8;
const PAGE = 40;
/** How long one is left that nothing can come of, though its row does not say so: others are behind it. */
const ASIDE_MS = 600_000;
const AWAITED_MS = 60_000;

/**
 * Refreshes without a caller: connections that are kept fresh, at their early points, and everybody's tokens before
 * they die of being idle. Every process does this; the lease of the row decides who refreshes it.
 */
@Injectable()
export class AheadOfTime implements BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private isClosing = false;
  private looking: Promise<void> = Promise.resolve();
  /** One slow provider does not keep the others waiting. */
  private readonly running = new Map<string, Promise<void>>();
  private readonly aside = new Pauses();

  constructor(
    private readonly due: DueAhead,
    private readonly connections: Connections,
    private readonly refresher: Refresher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Not before this process has taken up its place: an answer from before may still lie in its spill. */
  start(): void {
    this.next();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosing = true;
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all(this.running.values());
  }

  /** Everything that is due now. */
  async sweep(): Promise<void> {
    await this.look();
    await Promise.all(this.running.values());
  }

  private next(): void {
    const ms = EVERY_MS * (0.8 + 0.4 * Math.random());
    this.timer = setTimeout(() => {
      this.looking = this.look()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'refreshes ahead of time wait for the next look'))
        .finally(() => {
          if (!this.isClosing) this.next();
        });
    }, ms).unref();
  }

  private async look(): Promise<void> {
    for (const { connectionId, params } of await this.due.connections()) {
      if (this.isClosing || this.running.has(connectionId)) continue;
      const work = this.ofConnection(connectionId, params)
        .catch((error: unknown) => this.logger.warn({ err: error, connectionId }, 'not refreshed ahead of time'))
        .finally(() => this.running.delete(connectionId));
      this.running.set(connectionId, work);
    }
  }

  private async ofConnection(connectionId: string, params: AccountParams): Promise<void> {
    for (const reason of await this.reasons(connectionId, params))
      while (!this.isClosing) {
        const page = await this.due.tokensets(connectionId, reason, { most: PAGE, except: this.aside.current() });
        const outcome = await this.refreshed(connectionId, reason, page);
        // Where nothing comes of it the next look is soon enough; a whole page more is there to be had at once.
        if (page.length < PAGE || outcome === 'stop') break;
      }
  }

  private async reasons(connectionId: string, params: AccountParams): Promise<Reason[]> {
    const connection = await this.connections.recent(connectionId);
    const provider = connection?.of(params, true).provider;
    if (!provider || provider.rotation === 'none') return [];
    const { invalidatesAccessToken, keepAliveSeconds } = provider.refresh;
    // Refreshing would take the token away from whoever holds it.
    const isKeptFresh = connection.view.options['keep_fresh'] === true && !invalidatesAccessToken;
    return [
      ...(isKeptFresh ? [{ kind: 'keep_fresh' } as const] : []),
      ...(keepAliveSeconds === null ? [] : [{ kind: 'keep_alive', seconds: keepAliveSeconds } as const]),
    ];
  }

  /** Several at a time, until one says that no more may be sent. */
  private async refreshed(connectionId: string, { kind }: Reason, page: DueTokenset[]): Promise<'on' | 'stop'> {
    const left = [...page];
    let isSomethingDone = false;
    let isStopped = false;
    const worker = async (): Promise<void> => {
      for (let one = left.shift(); one && !isStopped && !this.isClosing; one = left.shift()) {
        const { id: tokensetId, params, credVersion: atVersion } = one;
        const due = { tokensetId, connectionId, params, reserveSeconds: 0, atVersion, kind, actor: SYSTEM };
        const outcome = await this.refresher.refresh(due).catch((error: unknown) => {
          this.logger.warn({ err: error, tokenset: tokensetId }, 'not refreshed ahead of time');
          return undefined;
        });
        const asideMs = asideAfter(outcome);
        if (asideMs > 0) this.aside.pause(tokensetId, asideMs);
        if (outcome?.state === 'refreshed' || asideMs > 0) isSomethingDone = true;
        if (!outcome || outcome.state === 'limited') isStopped = true;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return isSomethingDone && !isStopped ? 'on' : 'stop';
  }
}

const SYSTEM = { kind: 'system' } as const;

/** What failed at the provider says so in its row. */
function asideAfter(outcome: RefreshOutcome | undefined): number {
  if (!outcome || outcome.state === 'awaited') return AWAITED_MS;
  const isOurs = outcome.state === 'moved' || (outcome.state === 'failed' && outcome.class === 'client_config');
  return isOurs ? ASIDE_MS : 0;
}

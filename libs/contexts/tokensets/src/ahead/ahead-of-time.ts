import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { Connections } from '../connections.js';
import type { AccountParams } from '../known-connection.js';
import { Refresher } from '../refresh/refresher.js';
import { DueAhead, type DueTokenset, type Reason } from './due-ahead.js';

const EVERY_MS = 15_000;
const AT_ONCE = 8;
const PAGE = 40;

/**
 * Refreshes without a caller: connections that are kept fresh, at their early points, and everybody's tokens before
 * they die of being idle. Every process does this; the lease of the row decides who refreshes it.
 */
@Injectable()
export class AheadOfTime implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private isClosing = false;
  private looking: Promise<void> = Promise.resolve();
  /** One slow provider does not keep the others waiting. */
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly due: DueAhead,
    private readonly connections: Connections,
    private readonly refresher: Refresher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
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
        const page = await this.due.tokensets(connectionId, reason, PAGE);
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
    let done = 0;
    let isLimited = false;
    const worker = async (): Promise<void> => {
      for (let one = left.shift(); one && !isLimited && !this.isClosing; one = left.shift()) {
        const { id: tokensetId, params, credVersion: atVersion } = one;
        const due = { tokensetId, connectionId, params, reserveSeconds: 0, atVersion, kind, actor: SYSTEM };
        const { state } = await this.refresher.refresh(due);
        if (state === 'refreshed') done += 1;
        if (state === 'limited') isLimited = true;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return done > 0 && !isLimited ? 'on' : 'stop';
  }
}

const SYSTEM = { kind: 'system' } as const;

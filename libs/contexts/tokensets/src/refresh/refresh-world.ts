import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { Custody } from '../custody/custody.js';
import { Revoker } from '../revocation/revoker.js';
import { TokensetsHealth } from '../tokensets-health.js';
import { CrashPoints } from './crash-points.js';
import type { DroppedTokens, RefreshWorld } from './refresh-core.js';
import { RefreshMetrics } from './refresh-metrics.js';
import { type OpenAttempt, Spill, RefreshStore } from './refresh.types.js';

/** The world as a running process has it. */
@Injectable()
export class ProcessWorld implements RefreshWorld {
  private isAlive = true;

  constructor(
    readonly store: RefreshStore,
    readonly custody: Custody,
    readonly spill: Spill,
    readonly crash: CrashPoints,
    readonly metrics: RefreshMetrics,
    private readonly health: TokensetsHealth,
    private readonly revoker: Revoker,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The process ends: a store that still does not answer is waited for no longer. */
  giveUp(): void {
    this.isAlive = false;
  }

  alive(): boolean {
    return this.isAlive;
  }

  /** What came for a tokenset that is deleted by now ends at its provider too, if it was to be revoked. */
  dropped({ tokensetId }: OpenAttempt, tokens: DroppedTokens): Promise<void> {
    return this.revoker.takeLate(tokensetId, tokens);
  }

  monotonic(): number {
    return performance.now();
  }

  random(): number {
    return Math.random();
  }

  async sleep(ms: number, until?: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal: until }).catch(() => undefined);
  }

  report(error: unknown, what: string): void {
    this.logger.error({ err: error }, what);
  }

  unstored(more: 1 | -1): void {
    this.health.unstored(more);
  }
}

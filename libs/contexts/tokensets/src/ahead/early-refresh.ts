import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { StoredToken } from '../access/tokenset-reads.js';
import type { AccountProvider } from '../known-connection.js';
import { Refresher } from '../refresh/refresher.js';

/** Refreshes what somebody uses before it is needed, so that the next caller need not wait for it. */
@Injectable()
export class EarlyRefresh {
  private readonly underWay = new Set<string>();

  constructor(
    private readonly refresher: Refresher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  isDue({ isEarly, hasRefreshToken, nextAttemptAt, life, place }: StoredToken, { provider }: AccountProvider): boolean {
    return (
      isEarly &&
      hasRefreshToken &&
      provider !== null &&
      provider.rotation !== 'none' &&
      // The token that other callers hold would die with it.
      !provider.refresh.invalidatesAccessToken &&
      (nextAttemptAt === null || nextAttemptAt <= life.now) &&
      !this.underWay.has(place.tokensetId)
    );
  }

  /** In the background. If it does not come about, the next read finds it due again. */
  begin({ place: { tokensetId, connectionId, credVersion }, params }: StoredToken, actor: Actor): void {
    this.underWay.add(tokensetId);
    const due = { tokensetId, connectionId, params, reserveSeconds: 0, atVersion: credVersion, actor };
    void this.refresher
      .refresh({ ...due, kind: 'early' })
      .catch((error: unknown) => this.logger.warn({ err: error }, 'early refresh not made'))
      .finally(() => this.underWay.delete(tokensetId));
  }
}

import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { RevocationSeal } from './revocation-seal.js';
import { RevocationStore } from './revocation-store.js';
import type { DueRevocation, RevocableTokens, TryResult } from './revocation.types.js';
import { RevokeAtProvider } from './revoke-at-provider.js';

const EVERY_MS = 2_000;
const FORGET_EVERY_MS = 600_000;
const AT_ONCE = 4;
const FIRST_DELAY_SECONDS = 5;
const MOST_SECONDS = 900;

/**
 * Revokes what deletions have left to revoke: at once, then with backoff for a day. Any number of processes work on the
 * same records; one that dies in the middle leaves a lease, after which another sends the same again.
 */
@Injectable()
export class Revoker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timers: NodeJS.Timeout[] = [];
  private running: Promise<void> | undefined;
  private hasMore = false;
  private isEnding = false;

  constructor(
    private readonly store: RevocationStore,
    private readonly provider: RevokeAtProvider,
    private readonly seal: RevocationSeal,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timers = [
      setInterval(() => this.wake(), EVERY_MS).unref(),
      setInterval(() => void this.forget(), FORGET_EVERY_MS).unref(),
    ];
  }

  /** What is under way is finished; its answer would be lost otherwise. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isEnding = true;
    this.timers.forEach((timer) => clearInterval(timer));
    await this.running;
  }

  /** There is something to do. Nobody waits for it. */
  wake(): void {
    void this.work();
  }

  /** Settles when nothing is due any more. */
  work(): Promise<void> {
    this.hasMore = true;
    this.running ??= this.untilDone().finally(() => (this.running = undefined));
    return this.running;
  }

  /** A refresh that was under way has brought these for a tokenset that is deleted by now: they are to end too. */
  async takeLate(tokensetId: string, tokens: RevocableTokens): Promise<void> {
    try {
      const record = await this.store.toReopen(tokensetId);
      if (!record) return;
      await this.store.reopen(record.recordId, this.seal.seal(record, tokens), tokens.refreshToken !== null);
      this.wake();
    } catch (error) {
      this.logger.error({ err: error, tokensetId }, 'late tokens of a deleted tokenset are not revoked');
    }
  }

  async forget(): Promise<void> {
    await this.store
      .forget()
      .catch((error: unknown) => this.logger.warn({ err: error }, 'old revocations stay a while'));
  }

  private async untilDone(): Promise<void> {
    while (this.hasMore && !this.isEnding) {
      this.hasMore = false;
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.one()));
    }
  }

  private async one(): Promise<void> {
    try {
      for (let due = await this.claim(); due; due = await this.claim()) await this.handle(due);
    } catch (error) {
      // What was claimed comes back when its lease ends.
      this.logger.warn({ err: error }, 'revocations wait');
    }
  }

  private async claim(): Promise<DueRevocation | undefined> {
    return this.isEnding ? undefined : this.store.claim();
  }

  private async handle(due: DueRevocation): Promise<void> {
    const result = await this.provider.try(due).catch((error: unknown): TryResult => {
      this.logger.warn({ err: error, tokensetId: due.tokensetId }, 'a revocation was not tried');
      return { outcome: 'again', code: 'unavailable', retryAfter: null, sent: false };
    });
    const { sent } = result;
    if (result.outcome !== 'again') return this.store.settle(due, result, sent);
    return this.store.postpone(due, result, delaySeconds(due.attempts, result.retryAfter), sent);
  }
}

/** Doubling, with jitter; the provider's own word counts. */
function delaySeconds(attempts: number, retryAfter: number | null): number {
  const backoff = Math.min(FIRST_DELAY_SECONDS * 2 ** Math.min(attempts - 1, 10), MOST_SECONDS);
  return Math.max(backoff * (0.5 + Math.random() / 2), Math.min(retryAfter ?? 0, MOST_SECONDS));
}

import { Inject, Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { Counters } from '@strongroom/locking';
import { LOGGER, type Logger } from '@strongroom/observability';

/** Failed client authentications of one client at one address before it has to wait. */
export abstract class AuthFailureLimit {
  abstract readonly failures: number;
}

const WINDOW = { ms: 5 * 60_000, slides: false };
const WAIT_MS = 60_000;
const REMEMBERED = 10_000;

/**
 * Slows down who guesses at a client's secret (`spec/threats.md` §9). Counted per client and address: nobody
 * locks out another address. The count is shared; who has to wait each process remembers for itself, so that good calls ask nobody.
 */
@Injectable()
export class AuthFailures {
  private readonly waiting = new Map<string, number>();

  constructor(
    private readonly counters: Counters,
    private readonly limit: AuthFailureLimit,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws TooManyFailuresError before anything is looked at. */
  refuseWaiting(client: string | null, address: string | null): void {
    const left = this.leftMs(keyOf(client, address));
    if (left > 0) throw new TooManyFailuresError(client, this.limit.failures, left / 1000);
  }

  async count(client: string | null, address: string | null): Promise<void> {
    const key = keyOf(client, address);
    const { count } = await this.counters.add(key, WINDOW);
    if (count < this.limit.failures) return;
    // No event tells of it where another grant than an exchange was asked for.
    if (this.leftMs(key) <= 0)
      this.logger.warn({ clientId: client, address, failures: count }, 'client authentication fails too often');
    this.waiting.delete(key);
    if (this.waiting.size >= REMEMBERED) this.waiting.delete(this.waiting.keys().next().value!);
    this.waiting.set(key, performance.now() + WAIT_MS);
  }

  private leftMs(key: string): number {
    return (this.waiting.get(key) ?? 0) - performance.now();
  }
}

const keyOf = (client: string | null, address: string | null): string =>
  `client-authentication:${client ?? ''}\n${address ?? ''}`;

export class TooManyFailuresError extends VaultError {
  constructor(clientId: string | null, limit: number, retryAfter: number) {
    super('Client authentication failed too often from this address. Wait, and check the credentials.', {
      code: 'too_many_requests',
      status: 429,
      retryAfter,
      details: { reason: 'rate_limited', retry_after: Math.max(1, Math.ceil(retryAfter)), rate_limit: limit },
      audit: { clientId },
    });
  }
}

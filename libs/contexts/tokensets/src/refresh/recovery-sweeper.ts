import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { type Except, OpenAttempts, type Recoverable } from './open-attempts.js';
import { Pauses } from './pauses.js';
import type { RefreshOutcome } from './refresh.types.js';
import { Refresher } from './refresher.js';
import { SpillReplay } from './spill-replay.js';

const EVERY_MS = 2_000;
const PER_SWEEP = 50;
const AT_ONCE = 16;
/** So many of one connection: a provider that hangs leaves some to the others. */
const OF_CONNECTION = 12;
/** How often those are looked for that wait a day. */
const ADMINISTRATORS_EVERY_MS = 60_000;
/** How long one is left whose connection cannot be used: no row says so. */
const MISCONFIGURED_MS = 60_000;
/** The same where the connection has another host now: longer than the rounds below, which would find no others. */
const MOVED_MS = 600_000;
/** The same of one that failed on our side, so that those behind it have their turn. */
const BROKEN_MS = 15_000;

/**
 * Brings to an end what a process left open: `spec/refresh.md` §4 step 21. Every process sweeps; what takes long does not
 * keep the next sweep from finding what is urgent.
 */
@Injectable()
export class RecoverySweeper {
  private readonly queue: Recoverable[] = [];
  private readonly running = new Map<string, { connectionId: string; over: Promise<void> }>();
  private readonly paused = new Pauses();
  /** Those whose calls are stopped: however much is open there, the others go on. */
  private readonly stopped = new Pauses();
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private administratorsAt = 0;

  constructor(
    private readonly attempts: OpenAttempts,
    private readonly replay: SpillReplay,
    private readonly refresher: Refresher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  start(): void {
    this.loop = this.sweeping();
  }

  /** What is being refreshed goes on: it is the refresher's. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.queue.length = 0;
    await this.loop;
  }

  /** Finds what is to be done and begins it. */
  async sweep(): Promise<void> {
    await this.replayed();
    const recovered = this.replay.recovered();
    if (recovered.length > 0) this.add(await this.attempts.at(recovered));
    this.add(await this.attempts.due(PER_SWEEP, this.left()));
    if (performance.now() >= this.administratorsAt) {
      this.administratorsAt = performance.now() + ADMINISTRATORS_EVERY_MS;
      this.add(await this.attempts.forAdministrators(PER_SWEEP, this.left()));
    }
    this.work();
  }

  /** A disk that went away holds no answer that is open: the start has replayed those before it, a flight keeps its own. */
  private async replayed(): Promise<void> {
    try {
      await this.replay.run();
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).path !== 'string') throw error;
      this.logger.error({ err: error }, 'spill not read');
    }
  }

  /** Once nothing that was found is left. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all([...this.running.values()].map(({ over }) => over));
  }

  private async sweeping(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const pause = EVERY_MS * (0.8 + 0.4 * Math.random());
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.sweep().catch((error: unknown) => this.logger.warn({ err: error }, 'sweep waits for the next time'));
    }
  }

  private known(): string[] {
    return [...this.running.keys(), ...this.paused.current(), ...this.queue.map(({ tokensetId }) => tokensetId)];
  }

  private left(): Except {
    return { tokensets: this.known(), connections: [...this.stopped.current(), ...this.busy()] };
  }

  /** Connections that can begin nothing more now. */
  private busy(): string[] {
    const counts = new Map<string, number>();
    for (const { connectionId } of this.running.values()) counts.set(connectionId, (counts.get(connectionId) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= OF_CONNECTION).map(([connectionId]) => connectionId);
  }

  private add(found: readonly Recoverable[]): void {
    const known = this.known();
    this.queue.push(...found.filter(({ tokensetId }) => !known.includes(tokensetId)));
  }

  private work(): void {
    while (this.running.size < AT_ONCE) {
      const busy = this.busy();
      const place = this.queue.findIndex(({ connectionId }) => !busy.includes(connectionId));
      const [next] = place < 0 ? [] : this.queue.splice(place, 1);
      if (!next) return;
      const { tokensetId, connectionId } = next;
      const over = this.refresh(next).finally(() => {
        this.running.delete(tokensetId);
        this.work();
      });
      this.running.set(tokensetId, { connectionId, over });
    }
  }

  private async refresh({ tokensetId, connectionId, params, version }: Recoverable): Promise<void> {
    try {
      const due = { tokensetId, connectionId, params, reserveSeconds: 0, atVersion: version } as const;
      const outcome = await this.refresher.refresh({ ...due, kind: 'recovery', actor: { kind: 'system' } });
      this.pauseAfter(outcome, { tokensetId, connectionId });
    } catch (error) {
      this.logger.warn({ err: error, tokenset: tokensetId }, 'recovery waits for a later sweep');
      this.paused.pause(tokensetId, BROKEN_MS);
    }
  }

  private pauseAfter(outcome: RefreshOutcome, of: { tokensetId: string; connectionId: string }): void {
    if (outcome.state === 'limited') this.stopped.pause(of.connectionId, outcome.retryAfterSeconds * 1_000);
    else if (outcome.state === 'moved') this.paused.pause(of.tokensetId, MOVED_MS);
    else if (outcome.state === 'failed' && outcome.class === 'client_config')
      this.paused.pause(of.tokensetId, MISCONFIGURED_MS);
  }
}

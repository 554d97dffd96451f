import type { Metrics } from '@strongroom/observability';
import type { RefreshKind, Rotation } from './refresh.types.js';

/** How a caller's wait for a refresh ended. */
export type WaitResult = 'refreshed' | 'served_stale' | 'in_progress' | 'unavailable' | 'refused';
/** As a number in `strongroom_refresh_breaker_state`. */
export const breakerStates = { closed: 0, probing: 1, rate_limited: 2, open: 3, client_config: 4 } as const;
export type BreakerState = keyof typeof breakerStates;

const UPSTREAM = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45];
const COMMIT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120];
const RECOVERY = [1, 2.5, 5, 10, 20, 45, 60, 120, 300, 600, 1200, 3600];

/** The numbers of `spec/refresh.md` §11. Connections are named by their id; persons and tokensets not at all. */
export class RefreshMetrics {
  private readonly counts;

  constructor(metrics: Metrics) {
    const named = <Label extends string>(name: string, help: string, labels: readonly Label[]) => ({
      name: `strongroom_${name}` as const,
      help,
      labels,
    });
    const ofConnection = ['connection'] as const;
    this.counts = {
      attempts: metrics.counter(
        named('refresh_attempts_total', 'Refreshes by how they ended.', ['connection', 'kind', 'class']),
      ),
      duration: metrics.histogram({
        ...named('refresh_duration_seconds', 'From the send to the answer of the provider.', ofConnection),
        buckets: UPSTREAM,
      }),
      commitWindow: metrics.histogram({
        ...named('refresh_commit_window_seconds', 'From the answer of the provider to its commit.', ofConnection),
        buckets: COMMIT,
      }),
      wait: metrics.histogram({
        ...named('refresh_wait_seconds', 'How long callers waited for a refresh.', ['result']),
        buckets: UPSTREAM,
      }),
      recovery: metrics.histogram({
        ...named('refresh_recovery_seconds', 'From the send to the end of an attempt that was taken over.', ['class']),
        buckets: RECOVERY,
      }),
      superseded: metrics.counter(
        named('refresh_superseded_total', 'Answers that came after a newer credential.', ofConnection),
      ),
      lostRotation: metrics.counter(
        named('refresh_lost_rotation_total', 'Tokensets whose next refresh token never arrived.', ofConnection),
      ),
      servedStale: metrics.counter(
        named('served_stale_total', 'Tokens served to their end because a refresh was not to be had.', ofConnection),
      ),
      budgetWait: metrics.histogram({
        ...named('refresh_budget_wait_seconds', 'How long refreshes waited for their budget.', ofConnection),
        buckets: UPSTREAM,
      }),
      breaker: metrics.gauge(
        named(
          'refresh_breaker_state',
          '0 closed, 1 probing, 2 rate limited, 3 open, 4 the provider refuses the client.',
          ofConnection,
        ),
      ),
      lockFallback: metrics.counter(
        named('refresh_lock_fallback_total', 'Refreshes that went on without the lock service.', []),
      ),
      spillFailures: metrics.counter(
        named('refresh_spill_failures_total', 'New refresh tokens that could not be spilled to disk.', []),
      ),
      missingRotation: metrics.counter(
        named('refresh_missing_rotation_total', 'Answers of rotating providers without a new refresh token.', []),
      ),
    };
    // There from the start, so that a rate over them is one and not a gap.
    for (const count of [this.counts.lockFallback, this.counts.spillFailures, this.counts.missingRotation])
      count({}, 0);
  }

  attempt(connection: string, kind: RefreshKind, cls: string): void {
    this.counts.attempts({ connection, kind, class: cls });
  }

  answered(connection: string, seconds: number): void {
    this.counts.duration({ connection }, seconds);
  }

  committed(connection: string, seconds: number): void {
    this.counts.commitWindow({ connection }, seconds);
  }

  recovered(rotation: Rotation, seconds: number): void {
    this.counts.recovery({ class: rotation }, seconds);
  }

  superseded(connection: string): void {
    this.counts.superseded({ connection });
  }

  lostRotation(connection: string): void {
    this.counts.lostRotation({ connection });
  }

  lockFallback(): void {
    this.counts.lockFallback({});
  }

  spillFailed(): void {
    this.counts.spillFailures({});
  }

  missingRotation(): void {
    this.counts.missingRotation({});
  }

  servedStale(connection: string): void {
    this.counts.servedStale({ connection });
  }

  waited(result: WaitResult, seconds: number): void {
    this.counts.wait({ result }, seconds);
  }

  budgetWaited(connection: string, seconds: number): void {
    this.counts.budgetWait({ connection }, seconds);
  }

  breaker(connection: string, state: BreakerState): void {
    this.counts.breaker({ connection }, breakerStates[state]);
  }
}

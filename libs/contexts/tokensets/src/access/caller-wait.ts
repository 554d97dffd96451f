import type { RefreshMetrics, WaitResult } from '../refresh/refresh-metrics.js';
import { ProviderDownError, RefreshInProgressError } from '../tokensets.errors.js';

/** One caller's patience, and what the operator is told of it: nothing where nobody had to wait. */
export class CallerWait {
  /** The last look found that another node may have the answer. */
  isAwaited = false;
  /** The provider was asked meanwhile, in vain. */
  hasFailed = false;
  /** The token is one that should have been refreshed. */
  isStale = false;
  private since: number | null = null;
  private readonly deadline: number;

  constructor(
    private readonly metrics: Pick<RefreshMetrics, 'waited'>,
    patienceMs: number,
  ) {
    this.deadline = performance.now() + patienceMs;
  }

  get leftMs(): number {
    return this.deadline - performance.now();
  }

  begin(): void {
    this.since ??= performance.now();
  }

  async told<T>(work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work();
      this.tell(this.isStale ? 'served_stale' : 'refreshed');
      return answer;
    } catch (error) {
      this.tell(resultOf(error));
      throw error;
    }
  }

  private tell(result: WaitResult): void {
    if (this.since !== null) this.metrics.waited(result, (performance.now() - this.since) / 1000);
  }
}

const resultOf = (error: unknown): WaitResult => {
  if (error instanceof RefreshInProgressError) return 'in_progress';
  return error instanceof ProviderDownError ? 'unavailable' : 'refused';
};

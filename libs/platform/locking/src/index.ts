/**
 * Locks that keep a herd small, counters and budgets that limits need: correctness never rests on any. And a memory of
 * what was used, on which it does.
 */
export { type Ask, type Budget, Budgets, type Permit, type Refused } from './budgets.js';
export { Counters, type Count, type Window } from './counters.js';
export { InProcessBudgets } from './in-process-budgets.js';
export { InProcessCounters } from './in-process-counters.js';
export { InProcessLocks } from './in-process-locks.js';
export { InProcessReplayStore } from './in-process-replay-store.js';
export { LockTimeoutError } from './locks.errors.js';
export { Locks, type Lease } from './locks.js';
export { RedisBudgets } from './redis-budgets.js';
export { RedisConnection, type RedisState } from './redis-connection.js';
export { RedisCounters } from './redis-counters.js';
export { RedisAwayError } from './redis.errors.js';
export { RedisLocks } from './redis-locks.js';
export { RedisReplayStore } from './redis-replay-store.js';
export { ReplayStoreAwayError } from './replay-store.errors.js';
export { ReplayStore } from './replay-store.js';

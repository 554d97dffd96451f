/** Locks that keep a herd small, counters and budgets that limits need. Correctness never rests on any. */
export { type Ask, type Budget, Budgets, type Permit, type Refused } from './budgets.js';
export { Counters, type Count, type Window } from './counters.js';
export { InProcessBudgets } from './in-process-budgets.js';
export { InProcessCounters } from './in-process-counters.js';
export { InProcessLocks } from './in-process-locks.js';
export { LockTimeoutError } from './locks.errors.js';
export { Locks, type Lease } from './locks.js';
export { RedisBudgets } from './redis-budgets.js';
export { RedisConnection, type RedisState } from './redis-connection.js';
export { RedisCounters } from './redis-counters.js';
export { RedisAwayError } from './redis.errors.js';
export { RedisLocks } from './redis-locks.js';

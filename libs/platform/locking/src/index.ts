/** Locks that keep a herd small, counters that limits need. Correctness never rests on either. */
export { Counters, type Count, type Window } from './counters.js';
export { InProcessCounters } from './in-process-counters.js';
export { InProcessLocks } from './in-process-locks.js';
export { LockTimeoutError } from './locks.errors.js';
export { Locks, type Lease } from './locks.js';
export { RedisConnection, type RedisState } from './redis-connection.js';
export { RedisCounters } from './redis-counters.js';
export { RedisAwayError } from './redis.errors.js';
export { RedisLocks } from './redis-locks.js';

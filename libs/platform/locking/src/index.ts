/** Locks that keep a herd small. Correctness never rests on them. */
export { InProcessLocks } from './in-process-locks.js';
export { LockTimeoutError } from './locks.errors.js';
export { Locks, type Lease } from './locks.js';

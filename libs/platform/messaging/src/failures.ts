import { MalformedEventError } from '@strongroom/contracts';
import { isUnreachable, VaultError } from '@strongroom/errors';
import { RetryableError } from './messaging.errors.js';

/** What a failure costs: `wait` holds the partition for as long as it takes, `retry` a few times, `park` at once. */
export type Verdict = 'wait' | 'retry' | 'park';

export function verdict(error: unknown): Verdict {
  if (error instanceof MalformedEventError) return 'park';
  if (error instanceof RetryableError) return 'wait';
  if (error instanceof VaultError) return error.status === 503 ? 'wait' : 'retry';
  return isUnreachable(error) ? 'wait' : 'retry';
}

export const errorClass = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

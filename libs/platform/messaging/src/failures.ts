import { MalformedEventError } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { RetryableError } from './messaging.errors.js';

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'EHOSTUNREACH']);
/** Postgres cannot be reached, is starting, stopping or full; deadlocks and serialization are settled by another try. */
const POSTGRES = /^(08|53|57P0|40001|40P01|55006)/;
/** `pg` gives these no code. */
const SAID =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Driver not Connected|Connection is not established)/;

/** What a failure costs: `wait` holds the partition for as long as it takes, `retry` a few times, `park` at once. */
export type Verdict = 'wait' | 'retry' | 'park';

export function verdict(error: unknown): Verdict {
  if (error instanceof MalformedEventError) return 'park';
  if (error instanceof RetryableError) return 'wait';
  if (error instanceof VaultError) return error.status === 503 ? 'wait' : 'retry';
  return unreachable(error) ? 'wait' : 'retry';
}

/** Told by its shape: what Node itself throws is no `Error` of ours where modules run in a context of their own. */
function unreachable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, driverError, errors } = error as Record<string, unknown>;
  if (typeof code === 'string' && (NETWORK.has(code) || POSTGRES.test(code))) return true;
  if (typeof message === 'string' && SAID.test(message)) return true;
  return unreachable(driverError) || (Array.isArray(errors) && errors.some(unreachable));
}

export const errorClass = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

import { QueryFailedError } from 'typeorm';
import { StoreUnavailableError } from './tokensets.errors.js';

/** Postgres: connection lost, resources short, going down or starting. */
const AWAY_STATES = /^(08|53|57P)/;
const AWAY_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'];

/** A database that does not answer is said to be one; every other error passes as it is. */
export const storeErrors = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw isAway(error) ? new StoreUnavailableError(error) : error;
  });

function isAway(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error)) return false;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string') return AWAY_STATES.test(code) || AWAY_CODES.includes(code);
  return /^Connection terminated|timeout exceeded when trying to connect|pool after calling end/.test(cause.message);
}

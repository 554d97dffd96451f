import { isUnreachable } from '@strongroom/errors';
import { StoreUnavailableError } from './tokensets.errors.js';

/** A database that does not answer is said to be one; every other error passes as it is. */
export const storeErrors = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw isUnreachable(error) ? new StoreUnavailableError(error) : error;
  });

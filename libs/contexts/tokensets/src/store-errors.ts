import { KeyServiceDenied, KeyServiceUnavailable } from '@strongroom/crypto';
import { isUnreachable } from '@strongroom/errors';
import { StoreUnavailableError, VaultSealedError } from './tokensets.errors.js';

/** PostgreSQL's unique_violation. */
export const isUniqueViolation = (error: unknown): boolean =>
  (error as { driverError?: { code?: unknown } } | null)?.driverError?.code === '23505';

/** A database or key service that does not answer is said to be one; every other error passes as it is. */
export const storeErrors = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    if (error instanceof KeyServiceUnavailable || error instanceof KeyServiceDenied) throw new VaultSealedError(error);
    throw isUnreachable(error) ? new StoreUnavailableError(error) : error;
  });

import type { BearerIdentity } from '@strongroom/contracts';
import { InsufficientScopeError } from '@strongroom/http';
import type { EntityManager } from 'typeorm';
import { MANAGEMENT_SCOPES } from '../first-rows/management-scopes.js';
import { LastAdministratorError } from '../registry.errors.js';
import { UserEntity } from './user.entity.js';

/** Whoever makes or changes an administrator could become one: `update:users` alone must not be enough. */
export function demandEveryScope(caller: BearerIdentity): void {
  const missing = MANAGEMENT_SCOPES.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length > 0) throw new InsufficientScopeError(missing);
}

/** Holds off everybody else who makes or takes away administrators, until this transaction ends. */
export const lockAdministrators = (tx: EntityManager): Promise<unknown> =>
  tx.query(`select pg_advisory_xact_lock(hashtext('strongroom:identity:administrators'))`);

/** @throws LastAdministratorError if nobody else who may sign in is one. */
export async function demandAnotherAdministrator(tx: EntityManager, personId: string): Promise<void> {
  await lockAdministrators(tx);
  const others = await tx
    .createQueryBuilder(UserEntity, 'user')
    .where('user.administrator and not user.blocked and user.personId <> :personId', { personId })
    .getExists();
  if (!others) throw new LastAdministratorError();
}

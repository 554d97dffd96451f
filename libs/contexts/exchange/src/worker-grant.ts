import type { IssuedToken, WorkerRights } from '@strongroom/contracts';
import { WorkerGrantError } from './exchange.errors.js';

/**
 * The scopes that a privileged worker asks for: those of its grant where it names none. Null: whatever there is, which
 * is right only for a provider without scopes, so `demandWithin` looks at what came.
 *
 * @throws WorkerGrantError 403 for a connection or a scope that is not listed
 */
export function grantedScopes(worker: WorkerRights, connection: string, asked: string[] | null): string[] | null {
  const grant = worker.grants.find((one) => one.connection === connection);
  if (!grant) throw new WorkerGrantError('connection');
  if (asked?.some((scope) => !grant.scopes.includes(scope))) throw new WorkerGrantError('scope');
  const scopes = asked ?? grant.scopes;
  return scopes.length === 0 ? null : scopes;
}

/** Whatever a provider has put into a token: none with more than the grant lists leaves. */
export function demandWithin(worker: WorkerRights, connection: string, issued: IssuedToken): void {
  const listed = worker.grants.find((one) => one.connection === connection)?.scopes ?? [];
  if (issued.scopes.some((scope) => !listed.includes(scope))) throw new WorkerGrantError('scope', issued.accountId);
}

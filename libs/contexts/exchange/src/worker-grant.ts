import { type IssuedToken, sayableScopes, type WorkerRights } from '@strongroom/contracts';
import { WorkerGrantError } from './exchange.errors.js';

/**
 * The scopes that a privileged worker asks for: those of its grant where it names none. Null: whatever there is, which
 * is right only for a provider without scopes, so `demandWithin` looks at what came.
 *
 * @throws WorkerGrantError 403 for a connection or a scope that is not listed
 */
export function grantedScopes(worker: WorkerRights, connection: string, asked: string[] | null): string[] | null {
  const grant = worker.grants.find((one) => one.connection === connection);
  if (!grant) throw new WorkerGrantError('connection', [connection]);
  const missing = asked?.filter((scope) => !grant.scopes.includes(scope)) ?? [];
  if (missing.length > 0) throw new WorkerGrantError('scope', missing);
  const scopes = asked ?? grant.scopes;
  return scopes.length === 0 ? null : scopes;
}

/** Whatever a provider has put into a token: none with more than the grant lists leaves. */
export function demandWithin(worker: WorkerRights, connection: string, issued: IssuedToken): void {
  const listed = worker.grants.find((one) => one.connection === connection)?.scopes ?? [];
  const missing = issued.scopes.filter((scope) => !listed.includes(scope));
  if (missing.length > 0) throw new WorkerGrantError('scope', sayableScopes(missing), issued.accountId);
}

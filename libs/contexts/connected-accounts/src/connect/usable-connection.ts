import type { ConnectionView } from '@strongroom/contracts';
import { ConnectionNotFoundError } from '../connected-accounts.errors.js';

export const isUsable = (connection: ConnectionView | null): connection is ConnectionView =>
  connection !== null && connection.enabledForClient && connection.vaultActive;

/** @throws ConnectionNotFoundError the same for unknown, not enabled and switched off. */
export function usableConnection(connection: ConnectionView | null): ConnectionView {
  if (!isUsable(connection)) throw new ConnectionNotFoundError();
  return connection;
}

import type { Actor, BearerIdentity } from '@strongroom/contracts';
import type { Catalogue } from '@strongroom/providers';
import type { ConnectionEntity } from './connection.entity.js';
import { eventName } from './connection.schema.js';
import { fillsAtSignIn } from './connection-view.js';
import { tokenOriginOf } from './provider/secret-receivers.js';

/** What events say of a connection. */
export const told = (catalogue: Catalogue, row: ConnectionEntity, enabledClientCount: number, actor: Actor) => ({
  connectionId: row.id,
  name: eventName(row.name),
  strategy: row.strategy,
  vaultActive: row.vaultActive || fillsAtSignIn(row),
  loginActive: row.loginActive,
  enabledClientCount,
  tokenOrigin: tokenOriginOf(catalogue, row),
  actor,
});

export const actorOf = (caller: BearerIdentity): Actor =>
  caller.userId === null ? { kind: 'client', id: caller.clientId } : { kind: 'administrator', id: caller.userId };

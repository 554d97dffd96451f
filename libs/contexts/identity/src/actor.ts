import type { Actor, BearerIdentity } from '@strongroom/contracts';

/** Who changed something through the Management API, as events say it. */
export const actorOf = (caller: BearerIdentity): Actor =>
  caller.userId === null ? { kind: 'client', id: caller.clientId } : { kind: 'administrator', id: caller.userId };

/** What the start itself does. */
export const SYSTEM: Actor = { kind: 'system' };

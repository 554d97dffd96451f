import type { BearerIdentity } from '@strongroom/contracts';

export type Person = BearerIdentity & { personId: string; userId: string };

/** Under My Account a token is always a person's; a machine's does not pass the guard. */
export function personOf(caller: BearerIdentity): Person {
  const { personId, userId } = caller;
  if (personId === null || userId === null) throw new Error('a machine came through to a route for people');
  return { ...caller, personId, userId };
}

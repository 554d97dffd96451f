import { AsyncLocalStorage } from 'node:async_hooks';
import type { VaultError } from '@strongroom/errors';
import type { VerifiedProof } from '../dpop/dpop-proofs.js';

export interface DoorPass {
  /** The one client that was authenticated; null on browser routes, which authenticate nobody. */
  clientId: string | null;
  /** A proof of possession that the door found good; used up, but for a refresh, whose token says first which key it is. */
  proof?: VerifiedProof | null;
  /** Why one of our own grants said no: the library hands on its code and text, and nothing else of it. */
  refusal?: VaultError;
  /** What failed inside the library, which itself would say nothing but that. */
  failure?: Error;
}

/**
 * What the door found before the library runs. The library sees every client as one without authentication, so its
 * adapter finds a client only if this names it: a route that forgets the door finds none (`spec/identity.md` §3).
 */
export const doorPass = new AsyncLocalStorage<DoorPass>();

export const mayFindClient = (clientId: string): boolean => {
  const pass = doorPass.getStore();
  return pass !== undefined && (pass.clientId === null || pass.clientId === clientId);
};

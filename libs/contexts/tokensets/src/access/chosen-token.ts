import type { WantedToken } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import type { AccountProvider, KnownConnection } from '../known-connection.js';
import type { CallerWait } from './caller-wait.js';
import { secondsLeft } from './lifetime.js';
import type { StoredToken } from './tokenset-reads.js';

/** The stored token that a caller means, and all that decides what becomes of the call. */
export interface Chosen {
  wanted: WantedToken;
  token: StoredToken;
  connection: KnownConnection;
  provider: AccountProvider;
  reserveSeconds: number;
  wait: CallerWait;
  /** Less is wanted than was granted: the stored token is not to be handed out. */
  narrowTo: string[] | null;
}

export const actorOf = ({ clientId }: WantedToken) => ({ kind: 'client', id: clientId }) as const;

/** For the audit: refusals say to callers what to do, and not always of which account. */
export const aboutAccount =
  (accountId: string) =>
  (error: unknown): never => {
    throw error instanceof VaultError ? Object.assign(error, { audit: { ...error.audit, accountId } }) : error;
  };

/** The database's time by now: its clock at the read and what has passed since. */
export const lifeNow = ({ life, readAt }: StoredToken) => ({
  ...life,
  now: new Date(life.now.getTime() + (performance.now() - readAt)),
});

export const isServable = ({ token, narrowTo }: Chosen): boolean => narrowTo === null && isAlive(token);

const isAlive = (token: StoredToken): boolean => token.accessSealed !== null && secondsLeft(lifeNow(token)) >= 1;

import { myAccount } from '../api/index.js';
import { newProof, remember, type Remembered } from '../session/index.js';
import type { Account } from './accounts.queries.js';

const callback = () => `${location.origin}/account/callback`;

/** Wire contract 2.1: from here the browser goes to the page that asks the person, and on to the provider. */
export async function beginConnect(connection: string, accountId: string | null): Promise<void> {
  const { state, verifier, challenge } = await newProof();
  const begun = await myAccount<{
    auth_session: string;
    connect_uri: string;
    connect_params: { ticket: string };
  }>('/connected-accounts/connect', {
    method: 'POST',
    body: {
      connection,
      redirect_uri: callback(),
      state,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...(accountId === null ? {} : { connected_account_id: accountId }),
    },
  });
  const query = accountId === null ? '' : `?account=${accountId}`;
  remember({
    ...{ purpose: 'connect', area: 'account', state, verifier },
    returnTo: `/account/connect/${encodeURIComponent(connection)}${query}`,
    authSession: begun.auth_session,
  });
  location.assign(`${begun.connect_uri}?${new URLSearchParams(begun.connect_params).toString()}`);
}

export type Completed = Pick<Account, 'id' | 'connection' | 'scopes' | 'missing_scopes' | 'warnings'>;

/** 2.3, with the token of whoever is signed in now: nobody else's account comes of it. */
export const completeConnect = (
  connectCode: string,
  { authSession, verifier }: Pick<Remembered, 'authSession' | 'verifier'>,
): Promise<Completed> =>
  myAccount<Completed>('/connected-accounts/complete', {
    method: 'POST',
    body: {
      auth_session: authSession,
      connect_code: connectCode,
      redirect_uri: callback(),
      code_verifier: verifier,
    },
  });

import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Json } from './http.js';
import type { Installation } from './installation.js';
import type { Client } from './set-up.js';
import { VAULT_GRANT } from './vault-grant.js';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const REQUESTED = 'http://auth0.com/oauth/token-type/federated-connection-access-token';

/** Parameters of the vault grant, without what says which client asks. */
export const vaultForm = (connection: string, subjectToken: string, type = REFRESH_TOKEN): Record<string, string> => ({
  grant_type: VAULT_GRANT,
  subject_token_type: type,
  subject_token: subjectToken,
  requested_token_type: REQUESTED,
  connection,
});

/** The exchange as most libraries send it: a form with the client's id and secret in it. */
export function exchange(
  installation: Installation,
  client: Client,
  connection: { name: string },
  subjectToken: string,
  more: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const form = {
    ...vaultForm(connection.name, subjectToken),
    client_id: client.id,
    client_secret: client.secret,
    ...more,
  };
  return installation.token(form, headers);
}

/**
 * One of many who ask at once. Nobody is kept waiting for somebody else's refresh longer than eight seconds, in which a
 * busy machine may not get through all of them: whoever is told so asks again, as every caller should.
 */
export async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    const { reason } = (answer.json['error_details'] ?? {}) as Json;
    if (answer.status !== 503 || reason !== 'refresh_in_progress') return answer;
    await sleep(Number(answer.headers['retry-after']) * 1000);
  }
}

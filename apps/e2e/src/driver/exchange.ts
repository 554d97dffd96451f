import type { Answer } from './http.js';
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

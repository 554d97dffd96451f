import type { EgressRequest } from '@strongroom/egress';
import { clientAuthentication, type ClientCredentials, type Members } from './client-authentication.js';
import { headersOf } from './headers.js';
import { fillAll, fillHeaders, type Values, withSecret } from './placeholders.js';
import { bodyOf } from './request-body.js';
import type { ResolvedProvider } from './resolved-provider.js';

export interface TokenRequestInput extends ClientCredentials {
  code?: string;
  codeVerifier?: string | null;
  redirectUri?: string;
  refreshToken?: string;
  /** A subset, where a caller asked for one; or what was granted. */
  scopes?: string[];
}

/** The one request that redeems a code or a refresh token. */
export function tokenRequest(
  resolved: ResolvedProvider,
  phase: 'exchange' | 'refresh',
  input: TokenRequestInput,
): EgressRequest {
  const { tokenRequest: how } = resolved.entry;
  const values = {
    ...withSecret(resolved.values, input.clientSecret),
    ...(input.refreshToken === undefined ? {} : { refreshToken: input.refreshToken }),
  };
  const members =
    phase === 'exchange' ? exchangeMembers(resolved, input, values) : refreshMembers(resolved, input, values);
  const client = clientAuthentication(resolved, phase, input);
  const encoding = phase === 'refresh' ? (how.refreshEncoding ?? how.encoding) : how.encoding;
  const { headers, body } = bodyOf(encoding, [...members, ...client.members]);
  return {
    method: 'POST',
    url: phase === 'refresh' ? (resolved.endpoints.refresh ?? resolved.endpoints.token) : resolved.endpoints.token,
    headers: headersOf(fillHeaders(how.headers, values), client.headers, headers),
    body,
  };
}

function exchangeMembers(
  { entry }: ResolvedProvider,
  { code, codeVerifier, redirectUri }: TokenRequestInput,
  values: Values,
): Members {
  if (code === undefined || redirectUri === undefined) throw new Error('an exchange needs a code and its redirect URI');
  return [
    ['grant_type', 'authorization_code'],
    ['code', code],
    ['redirect_uri', redirectUri],
    ...(codeVerifier && entry.pkce !== 'unsupported' ? ([['code_verifier', codeVerifier]] satisfies Members) : []),
    ...fillAll(entry.tokenRequest.exchangeParams, values),
  ];
}

function refreshMembers({ entry }: ResolvedProvider, input: TokenRequestInput, values: Values): Members {
  const { refreshGrantType, refreshRedirectUri, refreshScope, refreshParams } = entry.tokenRequest;
  if (input.refreshToken === undefined) throw new Error('a refresh needs a refresh token');
  const members: Members = [];
  if (refreshGrantType !== null) members.push(['grant_type', refreshGrantType]);
  members.push(['refresh_token', input.refreshToken]);
  if (refreshRedirectUri && input.redirectUri !== undefined) members.push(['redirect_uri', input.redirectUri]);
  if (refreshScope !== 'never' && input.scopes?.length)
    members.push(['scope', input.scopes.join(entry.authorization.scopeDelimiter)]);
  return [...members, ...fillAll(refreshParams, values)];
}

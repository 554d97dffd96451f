import type { EgressRequest } from '@strongroom/egress';
import { encode, formEncode } from './encoding.js';
import type { ClientAuthMethod } from './provider-entry.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import type { ResolvedProvider } from './resolve.js';

export interface TokenRequestInput {
  /** Null: the client is public. */
  clientSecret: string | null;
  code?: string;
  codeVerifier?: string | null;
  redirectUri?: string;
  refreshToken?: string;
  /** A subset, where a caller asked for one; or what was granted. */
  scopes?: string[];
}

type Members = [string, string][];
const METHODS: readonly ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post', 'none'];

/** The one request that redeems a code or a refresh token. */
export function tokenRequest(
  resolved: ResolvedProvider,
  phase: 'exchange' | 'refresh',
  input: TokenRequestInput,
): EgressRequest {
  const { tokenRequest: how } = resolved.entry;
  const members = phase === 'exchange' ? exchangeMembers(resolved, input) : refreshMembers(resolved, input);
  const { url, encoding } =
    phase === 'exchange'
      ? { url: resolved.endpoints.token, encoding: how.encoding }
      : { url: resolved.endpoints.refresh ?? resolved.endpoints.token, encoding: how.refreshEncoding ?? how.encoding };
  const client = clientAuthentication(resolved, phase, input.clientSecret);
  members.push(...client.members);
  return {
    method: 'POST',
    url,
    headers: {
      ...how.headers,
      ...client.headers,
      'Content-Type': encoding === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    },
    body: encoding === 'json' ? JSON.stringify(Object.fromEntries(members)) : formEncode(members),
  };
}

function exchangeMembers(resolved: ResolvedProvider, { code, codeVerifier, redirectUri }: TokenRequestInput): Members {
  if (code === undefined || redirectUri === undefined) throw new Error('an exchange needs a code and its redirect URI');
  return [
    ['grant_type', 'authorization_code'],
    ['code', code],
    ['redirect_uri', redirectUri],
    ...(codeVerifier ? [['code_verifier', codeVerifier] as [string, string]] : []),
    ...Object.entries(resolved.entry.tokenRequest.exchangeParams),
  ];
}

function refreshMembers(resolved: ResolvedProvider, input: TokenRequestInput): Members {
  const { refreshGrantType, refreshRedirectUri, refreshScope, refreshParams } = resolved.entry.tokenRequest;
  if (input.refreshToken === undefined) throw new Error('a refresh needs a refresh token');
  const members: Members = [];
  if (refreshGrantType !== null) members.push(['grant_type', refreshGrantType]);
  members.push(['refresh_token', input.refreshToken]);
  if (refreshRedirectUri && input.redirectUri !== undefined) members.push(['redirect_uri', input.redirectUri]);
  if (refreshScope !== 'never' && input.scopes?.length)
    members.push(['scope', input.scopes.join(resolved.entry.authorization.scopeDelimiter)]);
  return [...members, ...Object.entries(refreshParams)];
}

function clientAuthentication(
  { clientId, clientAuthMethods, entry }: ResolvedProvider,
  phase: 'exchange' | 'refresh',
  secret: string | null,
): { headers: Record<string, string>; members: Members } {
  const accepted = (phase === 'refresh' && entry.clientAuth.refreshMethods) || clientAuthMethods;
  const method = accepted.find((one) => METHODS.includes(one));
  if (!method) throw new ConnectionMisconfiguredError(`client authentication ${accepted.join(', ')} is not offered`);
  if (method === 'none' || secret === null) return { headers: {}, members: [['client_id', clientId]] };
  if (method === 'client_secret_post')
    return {
      headers: {},
      members: [
        ['client_id', clientId],
        ['client_secret', secret],
      ],
    };
  // RFC 6749 §2.3.1 encodes both before they are joined: a colon in an id would otherwise move the border.
  const [id, key] = entry.clientAuth.basicEncoding === 'raw' ? [clientId, secret] : [encode(clientId), encode(secret)];
  return { headers: { Authorization: `Basic ${Buffer.from(`${id}:${key}`).toString('base64')}` }, members: [] };
}

import { withQuery } from './encoding.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import type { ResolvedProvider } from './resolve.js';
import { isScope, scopesToAsk } from './scopes.js';

export interface AuthorizationFlow {
  redirectUri: string;
  state: string;
  /** S256; null: there is no verifier. */
  codeChallenge: string | null;
  nonce: string | null;
  /** Null: those of the connection. */
  scopes: string[] | null;
  /** What the caller asked to pass on, `login_hint` and the like. */
  params: Record<string, string>;
  /** The flow fills the vault. */
  offline: boolean;
  /** Granted to the account that is being connected again. */
  grantedBefore?: string[];
  /** Ask for consent again; by default where nothing was granted before. */
  forceConsent?: boolean;
}

const OWNED = new Set([
  'response_type',
  'client_id',
  'redirect_uri',
  'state',
  'scope',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'response_mode',
  '__proto__',
  'constructor',
  'prototype',
]);

/** Whether the flow alone may set this parameter of an authorization request. */
export const isOwnedParameter = (name: string): boolean => OWNED.has(name);

/** Whether a verifier must be made: everywhere but where PKCE is known not to work. */
export const usesPkce = (resolved: ResolvedProvider): boolean => resolved.entry.pkce !== 'unsupported';

/** Where to send the browser (`spec/providers.md` §3). @throws ConnectionMisconfiguredError */
export function authorizationRequest(
  resolved: ResolvedProvider,
  flow: AuthorizationFlow,
): { url: string; scopesAsked: string[] } {
  const { authorization } = resolved.entry;
  const scopesAsked = scopesToAsk(resolved, flow);
  if (!scopesAsked.every(isScope)) throw new ConnectionMisconfiguredError('a scope holds characters no scope may have');
  const members: [string, string][] = [
    ['response_type', 'code'],
    ['client_id', resolved.clientId],
    ['redirect_uri', flow.redirectUri],
    ['state', flow.state],
  ];
  if (authorization.scopeParam && scopesAsked.length > 0)
    members.push([authorization.scopeParam, scopesAsked.join(authorization.scopeDelimiter)]);
  members.push(...Object.entries(furtherParameters(resolved, flow)));
  if (authorization.nonce && flow.nonce !== null) members.push(['nonce', flow.nonce]);
  if (flow.codeChallenge !== null && usesPkce(resolved))
    members.push(['code_challenge', flow.codeChallenge], ['code_challenge_method', 'S256']);
  return { url: withQuery(resolved.endpoints.authorization, members), scopesAsked };
}

/** Entry, then connection, then caller: the later wins. What the flow owns is refused wherever it comes from. */
function furtherParameters(resolved: ResolvedProvider, flow: AuthorizationFlow): Record<string, string> {
  const { params, offlineParams, reconnectParams, passthrough, scopeParam } = resolved.entry.authorization;
  const offline = flow.offline && resolved.offlineAllowed;
  const forced = flow.forceConsent ?? !flow.grantedBefore?.length;
  const { fixed, aliases } = resolved.upstream;
  const allowed = Object.entries(flow.params).filter(([name]) => passthrough.includes(name));
  const aliased = Object.entries(aliases).flatMap(([name, ours]) =>
    Object.hasOwn(flow.params, ours) ? [[name, flow.params[ours]!] as const] : [],
  );
  const all = [
    ...Object.entries(params),
    ...(offline ? Object.entries(offlineParams) : []),
    ...(offline && forced ? Object.entries(reconnectParams) : []),
    ...Object.entries(fixed),
    ...aliased,
    ...allowed,
  ];
  for (const name of [...all.map(([one]) => one), ...Object.keys(flow.params)])
    if (OWNED.has(name) || (scopeParam !== '' && name === scopeParam))
      throw new ConnectionMisconfiguredError(`the parameter ${name} belongs to the flow and cannot be set`);
  return Object.fromEntries(all);
}

import type { Members } from './client-authentication.js';
import { withQuery } from './encoding.js';
import { belongsToFlow } from './owned-parameters.js';
import { fillAll } from './placeholders.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import type { ResolvedProvider } from './resolved-provider.js';
import { isOneResource, isScope, scopesToAsk } from './scopes.js';

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

export interface AuthorizationRequest {
  url: string;
  scopesAsked: string[];
  /** What the address says, in its order; a pushed request sends them instead. */
  members: Members;
}

/** Whether a verifier must be made: everywhere but where PKCE is known not to work. */
export const usesPkce = (resolved: ResolvedProvider): boolean => resolved.entry.pkce !== 'unsupported';

/** Where to send the browser (`spec/providers.md` §3). @throws ConnectionMisconfiguredError */
export function authorizationRequest(resolved: ResolvedProvider, flow: AuthorizationFlow): AuthorizationRequest {
  const { authorization } = resolved.entry;
  const scopesAsked = scopesToAsk(resolved, flow);
  if (!scopesAsked.every(isScope)) throw new ConnectionMisconfiguredError('a scope holds characters no scope may have');
  if (authorization.singleResource && !isOneResource(scopesAsked))
    throw new ConnectionMisconfiguredError(
      'scopes of two resources cannot be asked for at once; make one connection for each resource',
    );
  const members: Members = [
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
  return { url: withQuery(resolved.endpoints.authorization, members), scopesAsked, members };
}

/** Entry, then connection, then caller: the later wins. What the flow owns is refused wherever it comes from. */
function furtherParameters(resolved: ResolvedProvider, flow: AuthorizationFlow): Record<string, string> {
  const { params, offlineParams, reconnectParams, passthrough } = resolved.entry.authorization;
  const offline = flow.offline && resolved.offlineAllowed;
  const forced = flow.forceConsent ?? !flow.grantedBefore?.length;
  const { fixed, aliases } = resolved.upstream;
  const allowed = Object.entries(flow.params).filter(([name]) => passthrough.includes(name));
  const aliased = Object.entries(aliases).flatMap(([name, ours]) =>
    Object.hasOwn(flow.params, ours) ? [[name, flow.params[ours]!] as const] : [],
  );
  const all = [
    ...fillAll(params, resolved.values),
    ...(offline ? fillAll(offlineParams, resolved.values) : []),
    ...(offline && forced ? fillAll(reconnectParams, resolved.values) : []),
    ...Object.entries(fixed),
    ...aliased,
    ...allowed,
  ];
  for (const name of [...all.map(([one]) => one), ...Object.keys(flow.params)])
    if (belongsToFlow(name, resolved.entry.authorization))
      throw new ConnectionMisconfiguredError(`the parameter ${name} belongs to the flow and cannot be set`);
  return Object.fromEntries(all);
}

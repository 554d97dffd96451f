import type { Addresses } from './addresses.js';
import { endpointsOf, isCustom, startsWithParam, urlParams } from './endpoints.js';
import type { Part } from './entry.js';
import { valueMatching } from './made-up.js';

export interface Overlay {
  version: 1;
  providers: Record<string, object>;
}

/** What a providers file must say so that every address of this entry is the simulator's. */
export function overlayOf(part: Part, addresses: Addresses): object {
  const { entry } = part;
  const { request } = entry.identity;
  const { url: revocationUrl } = entry.revocation;
  // Loopback is plain HTTP with a port, also where a connection says the whole address.
  const params = Object.keys(urlParams(part)).map((name) => [name, { pattern: '^https?://[^\\s?#@]+$' }]);
  return {
    endpoints: endpointsHere(part, addresses),
    ...(request?.url ? { identity: { request: { url: addresses.here(request.url) } } } : {}),
    ...(revocationUrl ? { revocation: { url: addresses.here(revocationUrl) } } : {}),
    ...(params.length > 0 ? { params: Object.fromEntries(params) as object } : {}),
  };
}

/** What an entry leaves to the connection stays open: real custom connections must work beside simulated ones. */
function endpointsHere({ entry: { endpoints } }: Part, addresses: Addresses): object {
  const said = Object.entries(endpoints).flatMap(([name, url]) =>
    typeof url === 'string' && !startsWithParam(url) ? [[name, addresses.here(url)] as const] : [],
  );
  return {
    ...Object.fromEntries(said),
    ...(endpoints.formerTokenOrigins?.length ? { formerTokenOrigins: [] } : {}),
  };
}

/** What a connection must say beside its client: where its provider is, and values for what has no default. */
export function optionsOf(part: Part, addresses: Addresses): Record<string, unknown> {
  const { entry } = part;
  const urls = urlParams(part);
  const params = Object.entries(entry.params).flatMap(([name, param]) => {
    const isConfigured = ['admin', 'user'].includes(param.source ?? 'admin');
    const value = urls[name] === undefined ? madeUp(part, name) : addresses.here(urls[name]);
    return isConfigured && value !== undefined ? [[param.option ?? name, value] as const] : [];
  });
  return { ...Object.fromEntries(params), ...(isCustom(entry) ? whereItIs(part, addresses) : {}) };
}

function madeUp({ entry, fixture }: Part, name: string): string | undefined {
  const { default: usual, pattern } = entry.params[name]!;
  return usual === undefined ? (fixture?.given.params?.[name] ?? valueMatching(pattern)) : undefined;
}

function whereItIs(part: Part, addresses: Addresses): Record<string, unknown> {
  const { authorization, token, userinfo, issuer } = endpointsOf(part);
  if (part.entry.kind === 'oidc') return { issuer: addresses.here(issuer!) };
  return {
    authorizationURL: addresses.here(authorization),
    tokenURL: addresses.here(token),
    userInfoURL: addresses.here(userinfo!),
    fieldsMap: { user_id: '/sub', email: '/email', name: '/name' },
  };
}

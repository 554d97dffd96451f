import { bases, catalogue } from './bases.js';
import { fromOptions } from './connection-options.js';
import { merge } from './merge.js';
import { scopesIn } from './scopes.js';
import type { ClientAuthMethod, ProviderEntry, ProviderSettings } from './provider-entry.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';

/** What the engine needs of a connection; `ConnectionView` of the contracts fits. */
export interface ProviderConnection {
  connectionId: string;
  name: string;
  strategy: string;
  options: Record<string, unknown>;
  /** What discovery said; null where there is none. */
  metadata: Record<string, unknown> | null;
}

/** `spec/refresh.md` §3: what may be done after an answer that never came. */
export type RotationClass = 'none' | 'repeatable' | 'grace' | 'strict';

/** One connection, ready to be spoken to. Holds no secret. */
export interface ResolvedProvider {
  connectionId: string;
  name: string;
  strategy: string;
  clientId: string;
  isOidc: boolean;
  /** The entry with the connection's options over it. */
  entry: ProviderEntry;
  endpoints: {
    authorization: string;
    token: string;
    refresh?: string;
    revocation?: string;
    userinfo?: string;
    jwks?: string;
    issuer?: string;
  };
  /** Tokens that came from here are sent nowhere else (`spec/threats.md` M3). */
  tokenOrigin: string;
  /** As configured; base and offline scopes are not in it. */
  scopes: string[];
  /** The connection did not switch offline access off. */
  offlineAllowed: boolean;
  /** In the order of preference; the first one that can be used is. */
  clientAuthMethods: ClientAuthMethod[];
  /** Values sent with every authorization request, and names under which callers' values are sent too. */
  upstream: { fixed: Record<string, string>; aliases: Record<string, string> };
  /** Metadata promises `iss` in every callback (RFC 9207). */
  issPromised: boolean;
  rotation: RotationClass;
  graceSeconds: number;
  skewSeconds: number;
  refresh: ProviderEntry['refresh'];
}

/** Whether a connection of this strategy can be made. */
export const isOffered = (strategy: string): boolean => Object.hasOwn(catalogue, strategy);

export const offeredStrategies = (): string[] => Object.keys(catalogue);

/** Entry over base, discovery under and options over that. @throws ConnectionMisconfiguredError */
export function resolve(connection: ProviderConnection): ResolvedProvider {
  const { options, strategy } = connection;
  if (!isOffered(strategy)) throw new ConnectionMisconfiguredError(`no provider is known for strategy ${strategy}`);
  const { extends: base, ...override } = catalogue[strategy]!;
  const known = merge(merge(bases.oauth2, base === 'oauth2' ? {} : bases[base]), override);
  const metadata = connection.metadata ?? objectIn(options['oidc_metadata']) ?? {};
  const configured = merge(known, fromOptions(strategy, options));
  const entry = merge(configured, (objectIn(options['provider_settings']) ?? {}) as ProviderSettings);
  const endpoints = endpointsOf(entry, metadata);
  return {
    connectionId: connection.connectionId,
    name: connection.name,
    strategy,
    clientId: required(options['client_id'], 'options.client_id is missing'),
    isOidc: entry.kind === 'oidc',
    entry,
    endpoints,
    tokenOrigin: new URL(endpoints.token).origin,
    scopes: scopesIn(entry, options),
    offlineAllowed: options['offline_access'] !== false,
    clientAuthMethods: clientAuthMethods(entry, options, metadata),
    upstream: upstreamOf(options),
    issPromised: metadata['authorization_response_iss_parameter_supported'] === true,
    rotation: rotationOf(entry.refresh),
    graceSeconds: entry.refresh.graceSeconds ?? 0,
    skewSeconds: entry.refresh.skewSeconds,
    refresh: entry.refresh,
  };
}

function endpointsOf(entry: ProviderEntry, metadata: Record<string, unknown>): ResolvedProvider['endpoints'] {
  const given = entry.endpoints;
  const token = absolute(given.token ?? metadata['token_endpoint'], 'token endpoint');
  const optional = {
    refresh: given.refresh,
    revocation: given.revocation ?? metadata['revocation_endpoint'],
    userinfo: given.userinfo ?? metadata['userinfo_endpoint'],
    jwks: given.jwks ?? metadata['jwks_uri'],
  };
  // Tokensets are bound to one origin; a second one would be a way around that.
  if (optional.refresh && new URL(absolute(optional.refresh, 'refresh endpoint')).origin !== new URL(token).origin)
    throw new ConnectionMisconfiguredError('the refresh endpoint is on another origin than the token endpoint');
  const issuer = given.issuer ?? metadata['issuer'];
  return {
    authorization: absolute(given.authorization ?? metadata['authorization_endpoint'], 'authorization endpoint'),
    token,
    ...Object.fromEntries(
      Object.entries(optional)
        .filter(([, url]) => url !== undefined)
        .map(([name, url]) => [name, absolute(url, `${name} endpoint`)]),
    ),
    ...(typeof issuer === 'string' ? { issuer } : {}),
  };
}

/** What the administrator chose; else what both sides know, in the entry's order. */
function clientAuthMethods(
  entry: ProviderEntry,
  options: Record<string, unknown>,
  metadata: Record<string, unknown>,
): ClientAuthMethod[] {
  if (typeof options['token_endpoint_auth_method'] === 'string') return entry.clientAuth.methods;
  const theirs = metadata['token_endpoint_auth_methods_supported'];
  if (!Array.isArray(theirs)) return entry.clientAuth.methods;
  const common = entry.clientAuth.methods.filter((method) => theirs.includes(method));
  return common.length ? common : entry.clientAuth.methods;
}

/** `upstream_params: {k: {value} | {alias}}`, `authParams: {k: v}`, `authParamsMap: {k: our name}`. */
function upstreamOf(options: Record<string, unknown>): ResolvedProvider['upstream'] {
  const fixed = strings(options['authParams']);
  const aliases = strings(options['authParamsMap']);
  for (const [name, how] of Object.entries(objectIn(options['upstream_params']) ?? {})) {
    const { value, alias } = objectIn(how) ?? {};
    if (typeof value === 'string') fixed[name] = value;
    else if (typeof alias === 'string') aliases[name] = alias;
  }
  return { fixed, aliases };
}

function rotationOf(refresh: ProviderEntry['refresh']): RotationClass {
  if (refresh.mode === 'none') return 'none';
  if (refresh.mode === 'static' || refresh.reuse === 'tolerated') return 'repeatable';
  return refresh.graceSeconds ? 'grace' : 'strict';
}

function absolute(url: unknown, what: string): string {
  const text = required(url, `it has no ${what}`);
  if (!URL.canParse(text)) throw new ConnectionMisconfiguredError(`its ${what} is not a URL`);
  return text;
}

function required(value: unknown, otherwise: string): string {
  if (typeof value !== 'string' || value === '') throw new ConnectionMisconfiguredError(otherwise);
  return value;
}

const objectIn = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

const strings = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectIn(value) ?? {})
      .filter(([, text]) => ['string', 'number', 'boolean'].includes(typeof text))
      .map(([name, text]) => [name, String(text)]),
  );

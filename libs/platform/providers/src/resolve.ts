import { fromOptions } from './connection-options.js';
import { endpointsOf } from './endpoints.js';
import { entryFaults } from './entry-checks.js';
import { issuerOf } from './issuer.js';
import { merge } from './merge.js';
import { objectIn, type Options, stringsIn } from './options.js';
import { atOwnServer } from './own-server.js';
import { ownedInQuery } from './owned-parameters.js';
import { parametersOf, requireAdmins, requireFilled } from './parameters.js';
import { fillUrl, missingIn, placeholdersIn, type Values } from './placeholders.js';
import { configuredScopes } from './scopes.js';
import type { ClientAuthMethod, ProviderEntry, ProviderSettings } from './provider-entry.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import type { CatalogueProvider } from './catalogue.js';
import type { ProviderConnection, ResolvedProvider, RotationClass, ScopeInfo } from './resolved-provider.js';

export interface ResolveInput {
  given: Values;
  preset: Values;
  hasRefreshToken: boolean;
}

/**
 * Entry over base, discovery under and options over that.
 *
 * @throws MissingParametersError
 * @throws ConnectionMisconfiguredError
 */
export function resolve(
  connection: ProviderConnection,
  provider: CatalogueProvider | null,
  { given, preset, hasRefreshToken }: ResolveInput,
): ResolvedProvider {
  const { options, strategy } = connection;
  if (!provider) throw new ConnectionMisconfiguredError(`no provider is known for strategy ${strategy}`);
  const metadata = connection.metadata ?? objectIn(options['oidc_metadata']) ?? {};
  const entry = entryWith(provider.entry, options, hasRefreshToken);
  requireUnowned(entry.endpoints.authorization ?? '', entry);
  requireSafe(entry, options);
  const clientId = options['client_id'];
  if (typeof clientId !== 'string' || clientId === '')
    throw new ConnectionMisconfiguredError('options.client_id is missing');
  const params = parametersOf(entry, { options, preset, given });
  const values = { ...undeclared(entry, given), client_id: clientId, ...params };
  requireAdmins(entry, values);
  requireFilled(entry, values, templatesOf(entry, metadata));
  const { endpoints, tokenOrigin } = endpointsOf(entry, metadata, values, issuerOf(entry, metadata, values));
  requireUnowned(endpoints.authorization, entry);
  const pushed = metadata['pushed_authorization_request_endpoint'];
  return {
    connectionId: connection.connectionId,
    name: connection.name,
    strategy,
    providerId: provider.id,
    providerName: provider.name,
    version: provider.version,
    clientId,
    isOidc: entry.kind === 'oidc',
    entry,
    endpoints,
    // Lazily: where it depends on a callback, nobody can ask before there was one.
    get tokenOrigin() {
      return tokenOrigin();
    },
    formerTokenOrigins: entry.endpoints.formerTokenOrigins ?? [],
    params,
    values,
    scopes: configuredScopes(entry, options),
    scopeCatalogue: scopeCatalogue(entry),
    offlineAllowed: options['offline_access'] !== false,
    clientAuthMethods: clientAuthMethods(entry, options, metadata),
    upstream: upstreamOf(options),
    issPromised: metadata['authorization_response_iss_parameter_supported'] === true,
    requiresPush: metadata['require_pushed_authorization_requests'] === true,
    ...(typeof pushed === 'string' ? { pushedEndpoint: pushed } : {}),
    manageUrl: filledOrNull(entry.revocation.manageUrl, values),
    registerUrl: filledOrNull(entry.registerUrl, values),
    rotation: rotationOf(entry.refresh),
    graceSeconds: entry.refresh.graceSeconds ?? 0,
    skewSeconds: entry.refresh.skewSeconds,
    refresh: entry.refresh,
  };
}

/** The entry with a connection's options over it. */
export function entryWith(entry: ProviderEntry, options: Options, hasRefreshToken = false): ProviderEntry {
  const settings = (objectIn(options['provider_settings']) ?? {}) as ProviderSettings;
  const configured = merge(merge(atOwnServer(entry, options), fromOptions(entry, options)), settings);
  // The entry says what to expect, the answer what is: a refresh token that came is used.
  return hasRefreshToken && configured.refresh.mode === 'none'
    ? { ...configured, refresh: { ...configured.refresh, mode: 'optional' } }
    : configured;
}

/** What a connection lays over the entry is checked with it: only both together say a host, or what fills a header. */
function requireSafe(entry: ProviderEntry, options: Options): void {
  const headers = objectIn(options['customHeaders']) ?? {};
  const settings = objectIn(options['provider_settings']);
  if (!settings && Object.keys(headers).length === 0) return;
  for (const { pointer, message } of entryFaults(entry, { isPartial: false })) {
    const header = /^\/tokenRequest\/headers\/(.+)$/.exec(pointer)?.[1];
    if (header !== undefined && Object.hasOwn(headers, header))
      throw new ConnectionMisconfiguredError(`options.customHeaders.${header} ${message}`);
    if (settings) throw new ConnectionMisconfiguredError(`options.provider_settings ${pointer} ${message}`);
  }
}

/** Whoever describes the provider, the connection itself or its metadata, leaves the flow's parameters to the flow. */
function requireUnowned(url: string, { authorization }: ProviderEntry): void {
  const [name] = ownedInQuery(url, authorization);
  if (name === undefined) return;
  throw new ConnectionMisconfiguredError(`its authorization endpoint sets ${name}, which belongs to the flow`);
}

/** What a flow brings beside parameters: those have been checked, and only what was checked counts. */
const undeclared = ({ params }: ProviderEntry, given: Values): Values =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !Object.hasOwn(params, name)));

/** What must be known before a person is sent to the provider. */
function* templatesOf(
  { endpoints, authorization, identity }: ProviderEntry,
  metadata: Record<string, unknown>,
): Generator<string> {
  if (endpoints.authorization !== undefined && !metadata['authorization_endpoint']) yield endpoints.authorization;
  if (endpoints.token !== undefined && !metadata['token_endpoint']) yield endpoints.token;
  if (endpoints.refresh !== undefined) yield endpoints.refresh;
  yield* Object.values(identity.requireClaims ?? {});
  for (const params of [authorization.params, authorization.offlineParams, authorization.reconnectParams])
    for (const [name, text] of Object.entries(params)) yield `${name}${text}`;
}

/** A link is shown whole or not at all. */
const filledOrNull = (template: string | undefined, values: Values): string | null =>
  template === undefined || missingIn(template, values).length > 0
    ? null
    : placeholdersIn(template).length > 0
      ? fillUrl(template, values)
      : template;

const scopeCatalogue = ({ scopes }: ProviderEntry): ScopeInfo[] =>
  scopes.map(({ value, label, keywords, sensitive, option, same, includes }) => ({
    value,
    label,
    keywords: keywords ?? [],
    sensitive: sensitive ?? false,
    option: option === undefined ? [] : [option].flat(),
    same: same ?? [],
    includes: includes ?? [],
  }));

/** What the administrator chose; else what both sides know, in the entry's order. */
function clientAuthMethods(
  entry: ProviderEntry,
  options: Record<string, unknown>,
  metadata: Record<string, unknown>,
): ClientAuthMethod[] {
  const theirs = metadata['token_endpoint_auth_methods_supported'];
  if (typeof options['token_endpoint_auth_method'] === 'string' || !Array.isArray(theirs))
    return entry.clientAuth.methods;
  const common = entry.clientAuth.methods.filter((method) => theirs.includes(method));
  return common.length ? common : entry.clientAuth.methods;
}

/** `upstream_params: {k: {value} | {alias}}`, `authParams: {k: v}`, `authParamsMap: {k: our name}`. */
function upstreamOf(options: Record<string, unknown>): ResolvedProvider['upstream'] {
  const fixed = stringsIn(options['authParams']);
  const aliases = stringsIn(options['authParamsMap']);
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

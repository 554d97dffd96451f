import { isDeepStrictEqual } from 'node:util';
import {
  type Catalogue,
  ConnectionMisconfiguredError,
  MissingParametersError,
  type ResolvedProvider,
} from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { governing } from './governing-provider.js';

type Described = Pick<ConnectionEntity, 'id' | 'name' | 'strategy' | 'options' | 'providerMetadata'>;

/** Changes of these lead nowhere else; every other option may be part of an address. */
const HARMLESS = new Set([
  'client_id',
  'scope',
  'freeform_scopes',
  'allowed_scopes',
  'allowed_audiences',
  'offline_access',
  'upstream_params',
  'authParams',
  'authParamsMap',
  'federated_connections_access_tokens',
  'revoke_on_delete',
  'keep_fresh',
  'icon_url',
  'logoutUrl',
  'pkce_enabled',
  'useOauthSpecScope',
]);

export const providerConnection = (row: Described) => ({
  connectionId: row.id,
  name: row.name,
  strategy: row.strategy,
  options: row.options,
  metadata: row.providerMetadata,
});

interface Addressed {
  /** Null while the options are incomplete; the answer's warnings say what is missing. */
  resolved: ResolvedProvider | null;
  /** Each account has its own address, which only a flow can say. */
  isByAccount: boolean;
}

export function addressed(catalogue: Catalogue, row: Described): Addressed {
  if (!catalogue.isOffered(row.strategy)) return { resolved: null, isByAccount: false };
  try {
    const resolved = catalogue.resolve(providerConnection(row));
    return resolved.tokenOrigin ? { resolved, isByAccount: false } : { resolved: null, isByAccount: false };
  } catch (error) {
    if (!(error instanceof ConnectionMisconfiguredError)) throw error;
    return { resolved: null, isByAccount: error instanceof MissingParametersError };
  }
}

/** Derived anew from what is stored: a row that was tampered with must not bring an origin of its own. */
export const tokenOriginOf = (catalogue: Catalogue, row: Described): string | null =>
  addressed(catalogue, row).resolved?.tokenOrigin ?? null;

/** What says where the token endpoint is; two that are equal are on the same origin. */
export function tokenPlaceOf(catalogue: Catalogue, row: Described): unknown {
  const { resolved, isByAccount } = addressed(catalogue, row);
  return isByAccount ? shapeOf(catalogue, row) : resolved?.tokenOrigin;
}

/**
 * Whether tokens or the client secret of `before` would be sent anywhere else after the change (`spec/threats.md` M3).
 * Where each account has an address of its own, nothing may change that could be part of one.
 */
export function sendsElsewhere(catalogue: Catalogue, before: Described, after: Described): boolean {
  const [one, other] = [addressed(catalogue, before), addressed(catalogue, after)];
  if (one.isByAccount || other.isByAccount)
    return !isDeepStrictEqual(shapeOf(catalogue, before), shapeOf(catalogue, after));
  if (!other.resolved) return false;
  if (one.resolved?.tokenOrigin !== other.resolved.tokenOrigin) return true;
  const known = secretOrigins(one.resolved);
  return secretOrigins(other.resolved).some((origin) => !known.includes(origin));
}

/** The identity call brings the token of whoever connects next. */
function secretOrigins(resolved: ResolvedProvider): string[] {
  const { token, refresh, revocation, introspection, userinfo } = resolved.endpoints;
  const { revocation: revoked, identity } = resolved.entry;
  const authenticated = [token, refresh, revocation, introspection, resolved.pushedEndpoint, revoked.url];
  const calls = [...authenticated, userinfo, identity.request?.url];
  return calls.flatMap((url) => (url ? [originOf(url, resolved.params)] : []));
}

/** Of an address that may still have placeholders: a host with one of them counts as a host of its own. */
function originOf(template: string, params: Readonly<Record<string, string>>): string {
  const url = template.replace(/\{([\w-]+)\}/g, (whole, name: string) => params[name] ?? whole);
  return URL.canParse(url) ? new URL(url).origin : url.replace(/^([a-z]+:\/\/[^/?#]*).*$/is, '$1').toLowerCase();
}

function shapeOf(catalogue: Catalogue, row: Described): unknown {
  const options = Object.entries(row.options).filter(([name]) => !HARMLESS.has(name));
  return [governing(catalogue, row)?.id, row.providerMetadata, Object.fromEntries(options)];
}

import { isDeepStrictEqual } from 'node:util';
import {
  type Catalogue,
  ConnectionMisconfiguredError,
  MissingParametersError,
  type ProviderEntry,
  type ResolvedProvider,
} from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { governing } from './governing-provider.js';

type Described = Pick<ConnectionEntity, 'id' | 'name' | 'strategy' | 'options' | 'providerMetadata'>;

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
    const isKnown = Boolean(resolved.endpoints.token && resolved.tokenOrigin); // asking throws where accounts say it
    return { resolved: isKnown ? resolved : null, isByAccount: false };
  } catch (error) {
    if (!(error instanceof ConnectionMisconfiguredError)) throw error;
    return { resolved: null, isByAccount: error instanceof MissingParametersError };
  }
}

/** Derived anew from what is stored: a row that was tampered with must not bring an origin of its own. */
export const tokenOriginOf = (catalogue: Catalogue, row: Described): string | null =>
  addressed(catalogue, row).resolved?.tokenOrigin ?? null;

/** What says where tokens come from and are sent to; two that are equal are on the same origins. */
export function tokenPlaceOf(catalogue: Catalogue, row: Described): unknown {
  const { resolved, isByAccount } = addressed(catalogue, row);
  if (isByAccount) return shapeOf(catalogue, row);
  return resolved && [originOf(resolved.endpoints.token, resolved.params), resolved.tokenOrigin];
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

function secretOrigins({ endpoints, entry, params, pushedEndpoint }: ResolvedProvider): string[] {
  return [...receivers(endpoints, entry), pushedEndpoint].flatMap((url) => (url ? [originOf(url, params)] : []));
}

/** Addresses that are sent the client secret or a token; the identity call brings that of whoever connects next. */
const receivers = (
  { token, refresh, revocation, introspection, userinfo }: ProviderEntry['endpoints'],
  { revocation: revoked, identity }: ProviderEntry,
): (string | undefined)[] => [token, refresh, revocation, introspection, userinfo, revoked.url, identity.request?.url];

/** Of an address that may still have placeholders: a host with one of them counts as a host of its own. */
function originOf(template: string, params: Readonly<Record<string, string>>): string {
  const url = template.replace(/\{([\w-]+)\}/g, (whole, name: string) => params[name] ?? whole);
  return URL.canParse(url) ? new URL(url).origin : url.replace(/^([a-z]+:\/\/[^/?#]*).*$/is, '$1').toLowerCase();
}

/** All that an account's addresses are made of, but for what the account itself brings. */
function shapeOf(catalogue: Catalogue, row: Described): unknown {
  const provider = governing(catalogue, row);
  if (!provider) return null;
  const entry = catalogue.entryOf(row);
  const templates = receivers(entry.endpoints, entry).filter((url) => url !== undefined);
  const params = Object.entries(entry.params).filter(([name]) => templates.some((url) => url.includes(`{${name}}`)));
  return {
    // With the name it is called by, which may bring parameters along.
    provider: [provider.id, row.options['provider'] || row.strategy],
    metadata: row.providerMetadata ?? configured('oidc_metadata', row),
    origins: receivers(entry.endpoints, entry).map((url) => url && originOf(url, {})),
    params: params.map(([name, param]) => [name, param, configured(param.option ?? name, row)]),
  };
}

/** Empty says the same as left out. */
const configured = (option: string, { options }: Described): unknown => options[option] || null;

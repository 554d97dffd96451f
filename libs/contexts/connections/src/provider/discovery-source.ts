import type { Catalogue, Discovery } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';

type Described = Pick<ConnectionEntity, 'strategy' | 'options'>;

/** Where the provider's metadata are, and the option that says so. */
export interface DiscoverySource {
  path: string;
  where: Discovery;
}

const MEMBERS = { authorization: 'authorization_endpoint', token: 'token_endpoint', jwks: 'jwks_uri' } as const;
/** The member of metadata, and the option, that says where the endpoint is. */
export type NeededMember = (typeof MEMBERS)[keyof typeof MEMBERS];

/**
 * Whom to ask for metadata. Null: nobody, either because entry and options say everything, or because nothing says
 * where the metadata are. A document that the administrator names is always read.
 */
export function discoverySource(catalogue: Catalogue, { strategy, options }: Described): DiscoverySource | null {
  const isNamed = Boolean(options['discovery_url']) && isOpenid(catalogue, { strategy, options });
  if (!isNamed && missingEndpoints(catalogue, { strategy, options }).length === 0) return null;
  const path = options['discovery_url'] ? 'options.discovery_url' : options['issuer'] ? 'options.issuer' : 'options';
  const where = catalogue.discoveryOf({ strategy, options });
  if (where) return { path, where };
  const issuer = knownIssuer(catalogue, { strategy, options });
  return issuer === null ? null : { path, where: { url: issuer } };
}

/** What neither the entry nor the options say. */
export function missingEndpoints(catalogue: Catalogue, { strategy, options }: Described): NeededMember[] {
  const { endpoints, kind } = catalogue.entryOf({ strategy, options });
  const written = metadataByHand(options);
  return (Object.keys(MEMBERS) as (keyof typeof MEMBERS)[])
    .filter((name) => kind === 'oidc' || name !== 'jwks')
    .filter((name) => !endpoints[name] && !written[MEMBERS[name]])
    .map((name) => MEMBERS[name]);
}

/** Null where nothing says it before there is an ID token. */
export function knownIssuer(catalogue: Catalogue, { strategy, options }: Described): string | null {
  const written = metadataByHand(options)['issuer'];
  if (typeof written === 'string' && written !== '') return written;
  const { endpoints, params } = catalogue.entryOf({ strategy, options });
  const issuer = endpoints.issuer?.replace(/\{([\w-]+)\}/g, (whole, name: string) => {
    const value = options[params[name]?.option ?? name] ?? params[name]?.default;
    return typeof value === 'string' && value !== '' ? value : whole;
  });
  return issuer && !/[{}]/.test(issuer) ? issuer : null;
}

export const isOpenid = (catalogue: Catalogue, { strategy, options }: Described): boolean =>
  catalogue.entryOf({ strategy, options }).kind === 'oidc';

const metadataByHand = (options: Record<string, unknown>): Record<string, unknown> =>
  (options['oidc_metadata'] as Record<string, unknown> | null | undefined) ?? {};

import type { Catalogue, CatalogueProvider, Discovery } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { isSelfHosted, paramsOf, settingsIn } from './provider-options.js';

type Described = Pick<ConnectionEntity, 'strategy' | 'options'>;
type Options = Record<string, unknown>;

/** Where the provider's metadata are, and the option that says so. */
export interface DiscoverySource {
  path: string;
  where: Discovery;
}

const ENDPOINTS = ['authorization', 'token', 'jwks'] as const;
type Endpoint = (typeof ENDPOINTS)[number];

/** Options under which an endpoint is written by hand. */
const BY_HAND: Record<Endpoint, readonly string[]> = {
  authorization: ['authorization_endpoint', 'authorizationURL'],
  token: ['token_endpoint', 'tokenURL'],
  jwks: ['jwks_uri'],
};

/**
 * Whom to ask for metadata. Null: nobody, either because everything is known already, or because nothing says where
 * the metadata are. An address in the options is asked even where the entry knows its provider's endpoints, because an
 * administrator who writes one means another server than the usual.
 */
export function discoverySource(
  catalogue: Catalogue,
  provider: CatalogueProvider,
  { strategy, options }: Described,
): DiscoverySource | null {
  const { issuer, discovery_url: document } = options;
  const isChosen =
    isOpenidProvider(provider, options) &&
    (isText(document) || (isText(issuer) && !isWrittenByHand(options) && !isSame(provider, issuer)));
  if (!isChosen && missingEndpoints(provider, options).length === 0) return null;
  const path = isText(document) ? 'options.discovery_url' : isText(issuer) ? 'options.issuer' : 'options';
  const where = catalogue.discoveryOf({ strategy, options });
  if (where) return { path, where };
  const url = knownIssuer(catalogue, provider, options);
  return url === null ? null : { path, where: { url } };
}

/** Endpoints that neither the entry nor the options name. */
export function missingEndpoints(provider: CatalogueProvider, options: Options): Endpoint[] {
  const known = { ...provider.entry.endpoints, ...settingsIn(options).endpoints };
  const wanted = isOpenidProvider(provider, options) ? ENDPOINTS : ENDPOINTS.slice(0, 2);
  return wanted.filter((name) => !known[name] && !isGivenByHand(name, options));
}

export const isOpenidProvider = ({ entry }: CatalogueProvider, options: Options): boolean =>
  (settingsIn(options).kind ?? entry.kind) === 'oidc';

const isWrittenByHand = (options: Options): boolean => ENDPOINTS.every((name) => isGivenByHand(name, options));

function isGivenByHand(name: Endpoint, options: Options): boolean {
  const metadata = (options['oidc_metadata'] ?? {}) as Options;
  return BY_HAND[name].some((member) => isText(options[member]) || isText(metadata[member]));
}

/** An entry whose server is the same for everybody is complete, whoever repeats its issuer. */
const isSame = (provider: CatalogueProvider, issuer: string): boolean =>
  !isSelfHosted(provider) && provider.entry.endpoints.issuer === issuer;

/** Null where nothing says it before the flow. */
export function knownIssuer(catalogue: Catalogue, provider: CatalogueProvider, options: Options): string | null {
  const written = options['issuer'] ?? ((options['oidc_metadata'] ?? {}) as Options)['issuer'];
  const known = settingsIn(options).endpoints?.issuer ?? provider.entry.endpoints.issuer;
  return isText(written) ? written : isText(known) ? filled(known, catalogue, provider, options) : null;
}

/** Null where a value is known to the flow only. */
function filled(template: string, catalogue: Catalogue, provider: CatalogueProvider, options: Options): string | null {
  const params = paramsOf(provider, options);
  const url = template.replace(/\{([\w-]+)\}/g, (whole, name: string) => {
    const value = options[catalogue.optionOf(provider.id, name)] ?? params[name]?.default;
    return isText(value) ? value : whole;
  });
  return /[{}]/.test(url) ? null : url;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

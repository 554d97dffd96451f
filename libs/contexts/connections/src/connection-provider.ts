import { Injectable } from '@nestjs/common';
import { Egress, EgressFailedError, EgressRefusedError } from '@strongroom/egress';
import {
  Catalogue,
  ConnectionMisconfiguredError,
  discover,
  DiscoveryError,
  type ResolvedProvider,
} from '@strongroom/providers';
import type { ConnectionEntity } from './connection.entity.js';
import { providerConnection } from './connection-view.js';
import { refused } from './connections.errors.js';

type Described = Pick<ConnectionEntity, 'id' | 'name' | 'strategy' | 'options' | 'providerMetadata'>;
type Options = Record<string, unknown>;

/** Which option an endpoint is configured by. */
const MEMBERS: Record<string, Record<string, string>> = {
  oauth2: { authorization: 'authorizationURL', token: 'tokenURL', userinfo: 'userInfoURL' },
  oidc: {
    authorization: 'authorization_endpoint',
    token: 'token_endpoint',
    userinfo: 'userinfo_endpoint',
    jwks: 'jwks_uri',
  },
};

/** What a connection's options say about its provider, checked when they are saved. */
@Injectable()
export class ConnectionProvider {
  constructor(
    private readonly egress: Egress,
    private readonly catalogue: Catalogue,
  ) {}

  /**
   * What discovery says now. While the provider cannot be reached an unchanged issuer keeps what it said before.
   *
   * @throws ValidationError that names the option and says what is wrong
   */
  async metadata(strategy: string, options: Options, before: ConnectionEntity | null): Promise<Options | null> {
    if (strategy !== 'oidc') return null;
    if (!options['client_id']) throw refused('options.client_id', 'is required');
    const member = options['discovery_url'] ? 'discovery_url' : 'issuer';
    const where = options[member];
    if (isWrittenByHand(options)) return null;
    if (typeof where !== 'string')
      throw refused('options.issuer', 'is required, or discovery_url, or all endpoints by hand');
    try {
      const found = await discover(this.egress, where);
      if (options['issuer'] && found['issuer'] !== options['issuer'])
        throw refused('options.issuer', 'is not the issuer that the document at discovery_url names');
      checkCapabilities(found, options, member);
      return found;
    } catch (error) {
      if (error instanceof EgressFailedError && before?.providerMetadata && before.options[member] === where)
        return before.providerMetadata;
      if (error instanceof DiscoveryError || error instanceof EgressRefusedError || error instanceof EgressFailedError)
        throw refused(`options.${member}`, error.message);
      throw error;
    }
  }

  /** Every address we would call passes the egress policy now, as it must again at each use. @throws ValidationError */
  check(row: Described): void {
    const resolved = resolvedOrNull(this.catalogue, row);
    const addresses: [string, unknown][] = resolved
      ? [
          ...Object.entries(resolved.endpoints).filter(([name]) => name !== 'issuer'),
          ['identity', resolved.entry.identity.request?.url],
        ]
      : // Incomplete: what there is of it is checked all the same.
        Object.entries(MEMBERS[row.strategy] ?? {}).map(([name, member]) => [name, row.options[member]]);
    for (const [name, url] of addresses) {
      if (typeof url !== 'string') continue;
      try {
        this.egress.check(url);
      } catch (error) {
        if (!(error instanceof EgressRefusedError)) throw error;
        const member = MEMBERS[row.strategy]?.[name];
        throw refused(member ? `options.${member}` : `options.provider_settings.endpoints.${name}`, error.message);
      }
    }
  }
}

/** Where the client secret is sent. */
export function secretOrigins(catalogue: Catalogue, row: Described): string[] {
  const resolved = resolvedOrNull(catalogue, row);
  if (!resolved) return [];
  const { token, refresh, revocation } = resolved.endpoints;
  const introspection = resolved.entry.endpoints.introspection;
  return [token, refresh, revocation, introspection].flatMap((url) => (url ? [new URL(url).origin] : []));
}

/** Null while the options are incomplete; the answer's warnings say what is missing. */
function resolvedOrNull(catalogue: Catalogue, row: Described): ResolvedProvider | null {
  if (!catalogue.isOffered(row.strategy)) return null;
  try {
    return catalogue.resolve(providerConnection(row));
  } catch (error) {
    if (error instanceof ConnectionMisconfiguredError) return null;
    throw error;
  }
}

const isWrittenByHand = (options: Options): boolean =>
  !options['discovery_url'] && Boolean(options['authorization_endpoint'] && options['token_endpoint']);

function checkCapabilities(found: Options, options: Options, member: string): void {
  const refuse = (detail: string) => refused(`options.${member}`, detail);
  for (const name of ['authorization_endpoint', 'token_endpoint'])
    if (!found[name] && !options[name]) throw refuse(`the provider's metadata name no ${name}`);
  const theirs = found['token_endpoint_auth_methods_supported'];
  const chosen = options['token_endpoint_auth_method'];
  const ours = typeof chosen === 'string' ? [chosen] : ['client_secret_basic', 'client_secret_post', 'none'];
  if (Array.isArray(theirs) && !ours.some((method) => theirs.includes(method)))
    throw refused('options.token_endpoint_auth_method', `the provider takes none of ${ours.join(', ')}`);
  const challenges = found['code_challenge_methods_supported'];
  const pkce = (options['connection_settings'] as { pkce?: unknown } | null | undefined)?.pkce;
  if (Array.isArray(challenges) && !challenges.includes('S256') && pkce !== 'disabled')
    throw refused(
      'options.connection_settings.pkce',
      'the provider does not know S256; set disabled to do without PKCE',
    );
}

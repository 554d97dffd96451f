import { Injectable } from '@nestjs/common';
import { Egress, EgressFailedError, EgressRefusedError } from '@strongroom/egress';
import { Catalogue, type CatalogueProvider, discover, DiscoveryError } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { refused } from '../connections.errors.js';
import { checkCapabilities } from './capabilities.js';
import { discoverySource, isOpenid, knownIssuer, missingEndpoints } from './discovery-source.js';
import { governing } from './governing-provider.js';
import { isSelfHosted } from './provider-options.js';

type Metadata = Record<string, unknown>;
/** Columns of a connection; those that are left out stay. */
type Known = Partial<
  Pick<ConnectionEntity, 'providerMetadata' | 'metadataCheckedAt' | 'metadataFailingSince' | 'metadataRefused'>
>;

const NOTHING = { providerMetadata: null, metadataCheckedAt: null, metadataFailingSince: null, metadataRefused: null };

/** What providers say of themselves. */
@Injectable()
export class ProviderMetadata {
  constructor(
    private readonly egress: Egress,
    private readonly catalogue: Catalogue,
  ) {}

  /**
   * What discovery says now; nothing where nobody need be asked. While the provider cannot be reached an unchanged
   * address keeps what it said before.
   *
   * @throws ValidationError that names the option and says what is wrong
   */
  async atSave(provider: CatalogueProvider, row: ConnectionEntity, before: ConnectionEntity | null): Promise<Known> {
    const source = discoverySource(this.catalogue, row);
    if (!source) {
      requireEndpoints(this.catalogue, provider, row);
      return NOTHING;
    }
    try {
      const found = await discover(this.egress, source.where);
      if (row.options['issuer'] && found['issuer'] !== row.options['issuer'])
        throw refused('options.issuer', 'is not the issuer that the document at discovery_url names; write that one');
      checkCapabilities(this.catalogue, provider, { row, found, path: source.path });
      return { ...NOTHING, providerMetadata: found, metadataCheckedAt: new Date() };
    } catch (error) {
      if (
        error instanceof EgressFailedError &&
        before?.providerMetadata &&
        this.sourceOf(before)?.where.url === source.where.url
      )
        return {}; // as it was
      if (error instanceof DiscoveryError || error instanceof EgressRefusedError || error instanceof EgressFailedError)
        throw refused(source.path, error.message);
      throw error;
    }
  }

  /** What a saved connection's provider says now. Null: nobody need be asked any more. */
  async now(row: ConnectionEntity): Promise<Metadata | null> {
    const source = this.sourceOf(row);
    return source && discover(this.egress, source.where);
  }

  private sourceOf(row: ConnectionEntity) {
    const provider = governing(this.catalogue, row);
    return provider && discoverySource(this.catalogue, row);
  }
}

/** OpenID Connect without an issuer proves nothing, and without keys nobody can check what it says. */
function requireEndpoints(catalogue: Catalogue, provider: CatalogueProvider, row: ConnectionEntity): void {
  if (!isOpenid(catalogue, row)) return;
  if (missingEndpoints(catalogue, row).length > 0)
    throw refused(
      'options.issuer',
      'is required, or discovery_url, or all endpoints by hand: authorization_endpoint, token_endpoint, jwks_uri',
    );
  if (isSelfHosted(provider) && knownIssuer(catalogue, row) === null)
    throw refused('options.issuer', 'is required: an ID token is only believed if it names its issuer');
}

import { Injectable } from '@nestjs/common';
import { Catalogue, ConnectionMisconfiguredError } from '@strongroom/providers';
import { ClientSecrets } from './client-secrets.js';
import { checkTogether, type Sent } from './connection-changes.js';
import type { ConnectionEntity } from './connection.entity.js';
import { refused, secretNeeded } from './connections.errors.js';
import { governing, requireKnownProvider } from './provider/governing-provider.js';
import { ProviderAddresses } from './provider/provider-addresses.js';
import { ProviderMetadata } from './provider/provider-metadata.js';
import { checkProviderOptions } from './provider/provider-options.js';
import { sendsElsewhere } from './provider/secret-receivers.js';

/** Everything that must happen to a changed row before the transaction that writes it. */
@Injectable()
export class ConnectionCompletion {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly metadata: ProviderMetadata,
    private readonly addresses: ProviderAddresses,
    private readonly secrets: ClientSecrets,
  ) {}

  /**
   * With what the provider says of itself and the secret sealed.
   *
   * @throws ValidationError
   */
  async complete(
    { row, secret }: Sent,
    before: ConnectionEntity | null,
    hasNewOptions: boolean,
  ): Promise<ConnectionEntity> {
    if (hasNewOptions) await this.checkProvider(row, before);
    checkTogether(this.catalogue, row);
    if (before?.secretBox && (secret === 'keep' || secret === null) && sendsElsewhere(this.catalogue, before, row))
      throw secretNeeded();
    if (secret === null) row.secretBox = null;
    else if (secret !== 'keep') row.secretBox = await this.secrets.seal(row.id, secret.value);
    return row;
  }

  private async checkProvider(row: ConnectionEntity, before: ConnectionEntity | null): Promise<void> {
    requireKnownProvider(this.catalogue, row);
    const provider = governing(this.catalogue, row);
    if (!provider) return;
    try {
      checkProviderOptions(this.catalogue, provider, row);
      Object.assign(row, await this.metadata.atSave(provider, row, before));
      this.addresses.check(provider, row);
    } catch (error) {
      // What the engine cannot use is the administrator's to mend, now and not at the first connect.
      throw error instanceof ConnectionMisconfiguredError ? refused('options', error.message) : error;
    }
  }
}

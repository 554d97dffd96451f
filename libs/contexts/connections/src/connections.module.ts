import { type DynamicModule, Module } from '@nestjs/common';
import { ConnectionDirectory, ConnectionListing } from '@strongroom/contracts';
import { MessagingModule } from '@strongroom/messaging';
import { DatabaseModule } from '@strongroom/persistence';
import { ClientSecrets } from './client-secrets.js';
import { ConnectionCompletion } from './connection-completion.js';
import { ConnectionDirectoryService } from './connection-directory.service.js';
import { ConnectionListingService } from './connection-listing.service.js';
import { ConnectionsController } from './connections.controller.js';
import { connectionsDatabase } from './connections.database.js';
import { ConnectionsReads } from './connections.reads.js';
import { ConnectionsService } from './connections.service.js';
import { DeletedConnections } from './deleted-connections.js';
import { DropClientWhenClientDeleted } from './drop-client-when-client-deleted.js';
import { ProviderAddresses } from './provider/provider-addresses.js';
import { ProviderMetadata } from './provider/provider-metadata.js';
import { RefreshProviderMetadata } from './provider/refresh-provider-metadata.js';

export interface ConnectionsOptions {
  databaseUrl: string;
}

/** Needs the ports `Bearer` and `IntakeKeys`, `PublicUrl` and `Egress`. */
@Module({})
export class ConnectionsModule {
  static forRoot({ databaseUrl }: ConnectionsOptions): DynamicModule {
    return {
      module: ConnectionsModule,
      imports: [DatabaseModule.forContext(connectionsDatabase(databaseUrl)), MessagingModule.forContext('connections')],
      controllers: [ConnectionsController, DropClientWhenClientDeleted],
      providers: [
        ConnectionsService,
        ConnectionsReads,
        ConnectionCompletion,
        ProviderMetadata,
        ProviderAddresses,
        RefreshProviderMetadata,
        ClientSecrets,
        DeletedConnections,
        ConnectionDirectoryService,
        { provide: ConnectionDirectory, useExisting: ConnectionDirectoryService },
        { provide: ConnectionListing, useClass: ConnectionListingService },
      ],
      exports: [ConnectionDirectory, ConnectionListing],
    };
  }
}

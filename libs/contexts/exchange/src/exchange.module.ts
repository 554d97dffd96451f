import { type DynamicModule, Module } from '@nestjs/common';
import { Clients, ConnectionDirectory } from '@strongroom/contracts';
import { WebOrigins } from '@strongroom/http';
import { MessagingModule } from '@strongroom/messaging';
import { DatabaseModule } from '@strongroom/persistence';
import { exchangeDatabase } from './exchange.database.js';
import { BrokerTokenController } from './broker-token.controller.js';
import { ExchangeEndpoint } from './exchange-endpoint.js';
import { ExchangeRate } from './exchange-rate.js';
import { ExchangeRecords } from './exchange-records.js';
import { ExchangeService } from './exchange.service.js';
import { ForgetConnectionsWhenClientChanges } from './forget-connections-when-client-changes.js';
import { ForgetConnectionsWhenConnectionChanges } from './forget-connections-when-connection-changes.js';
import { RateRefusals } from './rate-refusals.js';
import { RememberedConnections } from './remembered-connections.js';
import { RememberedSubjects } from './remembered-subjects.js';
import { TokenVaultCheckController } from './token-vault-check.controller.js';
import { TokenEndpointController } from './token-endpoint.controller.js';
import { UnreadRequests } from './unread-requests.js';

export interface ExchangeOptions {
  databaseUrl: string;
  /** How long a connection's settings are remembered. */
  connectionCacheSeconds?: number;
}

/** Needs the ports `SubjectTokens`, `ConnectionDirectory`, `TokenVault`, `Clients`, `Bearer`, and `OtherGrants`. */
@Module({})
export class ExchangeModule {
  static forRoot({ databaseUrl, connectionCacheSeconds = 2 }: ExchangeOptions): DynamicModule {
    const database = exchangeDatabase(databaseUrl);
    return {
      module: ExchangeModule,
      imports: [DatabaseModule.forContext(database), MessagingModule.forContext('exchange')],
      controllers: [
        TokenEndpointController,
        BrokerTokenController,
        TokenVaultCheckController,
        ForgetConnectionsWhenClientChanges,
        ForgetConnectionsWhenConnectionChanges,
      ],
      providers: [
        ExchangeService,
        ExchangeEndpoint,
        ExchangeRate,
        RateRefusals,
        UnreadRequests,
        {
          provide: RememberedConnections,
          useFactory: (directory: ConnectionDirectory) =>
            new RememberedConnections(directory, connectionCacheSeconds * 1000),
          inject: [ConnectionDirectory],
        },
        RememberedSubjects,
        { provide: WebOrigins, useFactory: (clients: Clients) => new WebOrigins(clients), inject: [Clients] },
        {
          provide: ExchangeRecords,
          useFactory: () => new ExchangeRecords(databaseUrl, database.schema),
        },
      ],
    };
  }
}

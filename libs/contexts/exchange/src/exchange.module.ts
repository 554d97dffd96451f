import { type DynamicModule, Module } from '@nestjs/common';
import { Clients } from '@strongroom/contracts';
import { WebOrigins } from '@strongroom/http';
import { MessagingModule } from '@strongroom/messaging';
import { DatabaseModule, PreparedReads } from '@strongroom/persistence';
import { exchangeDatabase } from './exchange.database.js';
import { ExchangeRecords } from './exchange-records.js';
import { ExchangeService } from './exchange.service.js';
import { ForgetConnectionsWhenClientChanges } from './forget-connections-when-client-changes.js';
import { ForgetConnectionsWhenConnectionChanges } from './forget-connections-when-connection-changes.js';
import { RememberedConnections } from './remembered-connections.js';
import { RememberedSubjects } from './remembered-subjects.js';
import { TokenEndpointController } from './token-endpoint.controller.js';

export interface ExchangeOptions {
  databaseUrl: string;
}

/** Needs the ports `SubjectTokens`, `ConnectionDirectory`, `TokenVault`, `Clients`, and `OtherGrants`. */
@Module({})
export class ExchangeModule {
  static forRoot({ databaseUrl }: ExchangeOptions): DynamicModule {
    const database = exchangeDatabase(databaseUrl);
    return {
      module: ExchangeModule,
      imports: [DatabaseModule.forContext(database), MessagingModule.forContext('exchange')],
      controllers: [
        TokenEndpointController,
        ForgetConnectionsWhenClientChanges,
        ForgetConnectionsWhenConnectionChanges,
      ],
      providers: [
        ExchangeService,
        RememberedConnections,
        RememberedSubjects,
        { provide: WebOrigins, useFactory: (clients: Clients) => new WebOrigins(clients), inject: [Clients] },
        {
          provide: ExchangeRecords,
          useFactory: () => new ExchangeRecords(new PreparedReads(databaseUrl, database.schema, 2)),
        },
      ],
    };
  }
}

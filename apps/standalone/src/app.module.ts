import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { AuditModule } from '@strongroom/audit';
import { ConnectedAccountsModule } from '@strongroom/connected-accounts';
import { ConnectionsModule } from '@strongroom/connections';
import type { MasterKeys } from '@strongroom/crypto';
import { Egress } from '@strongroom/egress';
import { ExchangeModule } from '@strongroom/exchange';
import { PublicUrl } from '@strongroom/http';
import { IdentityModule } from '@strongroom/identity';
import {
  Counters,
  InProcessCounters,
  InProcessLocks,
  InProcessReplayStore,
  Locks,
  ReplayStore,
} from '@strongroom/locking';
import { InProcessMessagingModule } from '@strongroom/messaging';
import { type Logger, LOGGER, Metrics } from '@strongroom/observability';
import { Catalogue } from '@strongroom/providers';
import type { clientAuthentication, refreshOptions } from '@strongroom/service';
import { TokensetsModule } from '@strongroom/tokensets';

export interface StandaloneParts {
  databaseUrl: string;
  publicUrl: PublicUrl;
  logger: Logger;
  egress: Egress;
  catalogue: Catalogue;
  masterKeys: MasterKeys;
  managementClient: { clientId: string; clientSecret: string };
  administrator: { email: string; password: string };
  metrics: Metrics;
  refresh: ReturnType<typeof refreshOptions> & { spillDir?: string };
  rewrapRowsPerSecond: number;
  connectionCacheSeconds: number;
  hasDashboard: boolean;
  requireDpopNonce: boolean;
  clientAuthentication: ReturnType<typeof clientAuthentication>;
}

/** All contexts in one process. Being global, it shows each context the ports that the others offer. */
@Global()
@Module({})
export class AppModule {
  static register(parts: StandaloneParts): DynamicModule {
    const { databaseUrl, masterKeys, rewrapRowsPerSecond, hasDashboard } = parts;
    const contexts = [
      ConnectionsModule.forRoot({ databaseUrl }),
      IdentityModule.forRoot({
        databaseUrl,
        masterKeys,
        rewrapRowsPerSecond,
        requireDpopNonce: parts.requireDpopNonce,
        ...parts.clientAuthentication,
        managementClient: parts.managementClient,
        administrator: parts.administrator,
      }),
      TokensetsModule.forRoot({ databaseUrl, masterKeys, rewrapRowsPerSecond, hasDashboard, ...parts.refresh }),
      ConnectedAccountsModule.forRoot({ databaseUrl }),
      ExchangeModule.forRoot({ databaseUrl, connectionCacheSeconds: parts.connectionCacheSeconds }),
      AuditModule.forRoot({ databaseUrl }),
    ];
    const shared: Provider[] = [
      { provide: PublicUrl, useValue: parts.publicUrl },
      { provide: LOGGER, useValue: parts.logger },
      { provide: Metrics, useValue: parts.metrics },
      { provide: Egress, useValue: parts.egress },
      { provide: Catalogue, useValue: parts.catalogue },
      { provide: Locks, useClass: InProcessLocks },
      { provide: Counters, useFactory: () => new InProcessCounters() },
      { provide: ReplayStore, useFactory: () => new InProcessReplayStore() },
    ];
    return {
      module: AppModule,
      imports: [
        ...contexts,
        InProcessMessagingModule.forRoot({ url: databaseUrl, logger: parts.logger, operatorApi: true }),
      ],
      providers: shared,
      exports: [...contexts, PublicUrl, LOGGER, Metrics, Egress, Catalogue, Locks, Counters, ReplayStore],
    };
  }
}

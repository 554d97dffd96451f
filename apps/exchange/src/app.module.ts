import { type DynamicModule, Module } from '@nestjs/common';
import { ExchangeModule } from '@strongroom/exchange';
import type { ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** The exchange gateway: `/oauth/token`. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const context = ExchangeModule.forRoot({
      databaseUrl: parts.databaseUrl,
      connectionCacheSeconds: parts.config.STRONGROOM_CONNECTION_CACHE_SECONDS,
    });
    return parts.root(
      AppModule,
      context,
      ['Bearer', 'SubjectTokens', 'Clients', 'ConnectionDirectory', 'TokenVault'],
      [parts.otherGrants()],
    );
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { ConnectedAccountsModule } from '@strongroom/connected-accounts';
import type { ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** Connect flows, and the accounts they led to. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const context = ConnectedAccountsModule.forRoot({ databaseUrl: parts.databaseUrl });
    return parts.root(AppModule, context, [
      'Bearer',
      'Clients',
      'People',
      'ConnectionDirectory',
      'IntakeKeys',
      'TokenVault',
      'SignIn',
    ]);
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { ConnectionsModule } from '@strongroom/connections';
import type { ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** Connections: the Management API for them, and their directory for the other services. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const context = ConnectionsModule.forRoot({ databaseUrl: parts.databaseUrl });
    return parts.root(AppModule, context, ['Bearer', 'IntakeKeys']);
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '@strongroom/audit';
import type { ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** The ledger of everything that was said. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const context = AuditModule.forRoot({ databaseUrl: parts.databaseUrl });
    return parts.root(AppModule, context, ['Bearer', 'Clients', 'ConnectionDirectory']);
  }
}

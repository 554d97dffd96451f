import { type DynamicModule, Module } from '@nestjs/common';
import { KeyRing, type MasterKeys } from '@strongroom/crypto';
import { MessagingModule } from '@strongroom/messaging';
import { DatabaseModule } from '@strongroom/persistence';
import { DataSource } from 'typeorm';
import { authorizationParts } from './authorization/authorization.parts.js';
import { identityDatabase } from './identity.database.js';
import { FirstRowsOptions } from './registry/first-rows.js';
import { registryParts } from './registry/registry.parts.js';

export interface IdentityOptions {
  databaseUrl: string;
  masterKeys: MasterKeys;
  /** The first client of the Management API; its secret follows the configuration at each start. */
  managementClient: { clientId: string; clientSecret: string };
  /** Made when nobody is administrator; null: nobody is made. */
  administrator: { email: string; password: string } | null;
}

@Module({})
export class IdentityModule {
  static forRoot({ databaseUrl, masterKeys, managementClient, administrator }: IdentityOptions): DynamicModule {
    return {
      module: IdentityModule,
      imports: [DatabaseModule.forContext(identityDatabase(databaseUrl)), MessagingModule.forContext('identity')],
      controllers: [...registryParts.controllers, ...authorizationParts.controllers],
      providers: [
        {
          provide: KeyRing,
          useFactory: (database: DataSource) => KeyRing.load({ database, masterKeys, context: 'identity' }),
          inject: [DataSource],
        },
        { provide: FirstRowsOptions, useValue: { managementClient, administrator } satisfies FirstRowsOptions },
        ...registryParts.providers,
        ...authorizationParts.providers,
      ],
      exports: [...registryParts.exports, ...authorizationParts.exports] as NonNullable<DynamicModule['exports']>,
    };
  }
}

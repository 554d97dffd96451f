import { type DynamicModule, Module } from '@nestjs/common';
import { KeyRing, type MasterKeys } from '@strongroom/crypto';
import { keyringProviders } from '@strongroom/keyring';
import { MessagingModule } from '@strongroom/messaging';
import { type Logger, LOGGER } from '@strongroom/observability';
import { DatabaseModule } from '@strongroom/persistence';
import { DataSource } from 'typeorm';
import { authorizationParts } from './authorization.parts.js';
import { AuthFailureLimit } from './door/auth-failures.js';
import { ClientCertificateOptions } from './door/client-certificates.js';
import { identityDatabase } from './identity.database.js';
import { DpopOptions } from './dpop/dpop.options.js';
import { EncryptionKeysController } from './keys/encryption-keys.controller.js';
import { IdentitySeal } from './keys/identity-seal.js';
import { keyTargets } from './keys/key-targets.js';
import { FirstRowsOptions } from './first-rows/first-rows.js';
import { registryParts } from './registry.parts.js';
import { ShowKeys } from './show-keys.js';

export interface IdentityOptions {
  databaseUrl: string;
  masterKeys: MasterKeys;
  /** The first client of the Management API; its secret follows the configuration at each start. */
  managementClient: { clientId: string; clientSecret: string };
  /** Made when nobody is administrator; null: nobody is made. */
  administrator: { email: string; password: string } | null;
  /** Whether proofs of possession must hold a nonce of ours. */
  requireDpopNonce?: boolean;
  /** What is done with certificates of clients; absent: they are not offered. */
  clientCertificates?: ClientCertificateOptions;
  /** Failed client authentications of one client at one address in five minutes before it has to wait. */
  authFailures?: number;
  /** How fast a rotation of the installation key goes through what it has sealed. */
  rewrapRowsPerSecond?: number;
}

/** The authorization server, with its people, clients, APIs and keys. */
@Module({})
export class IdentityModule {
  static forRoot({ databaseUrl, masterKeys, rewrapRowsPerSecond, ...options }: IdentityOptions): DynamicModule {
    const { managementClient, administrator } = options;
    const firstRows: FirstRowsOptions = { managementClient, administrator };
    return {
      module: IdentityModule,
      imports: [DatabaseModule.forContext(identityDatabase(databaseUrl)), MessagingModule.forContext('identity')],
      controllers: [EncryptionKeysController, ...registryParts.controllers, ...authorizationParts.controllers],
      providers: [
        {
          provide: KeyRing,
          useFactory: (database: DataSource, logger: Logger) =>
            KeyRing.load({ database, masterKeys, context: 'identity', logger }),
          inject: [DataSource, LOGGER],
        },
        IdentitySeal,
        ...keyringProviders(keyTargets, rewrapRowsPerSecond),
        ShowKeys,
        { provide: FirstRowsOptions, useValue: firstRows },
        {
          provide: ClientCertificateOptions,
          useValue: options.clientCertificates ?? { areOffered: false, authorities: null },
        },
        { provide: AuthFailureLimit, useValue: { failures: options.authFailures ?? 100 } },
        { provide: DpopOptions, useValue: { requireNonce: options.requireDpopNonce ?? false } satisfies DpopOptions },
        ...registryParts.providers,
        ...authorizationParts.providers,
      ],
      exports: [...registryParts.exports, ...authorizationParts.exports] as NonNullable<DynamicModule['exports']>,
    };
  }
}

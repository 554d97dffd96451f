import { type DynamicModule, Module } from '@nestjs/common';
import { IdentityModule } from '@strongroom/identity';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { clientAuthentication, type ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** The authorization server and its registry. With `tokensets` the only service that holds master keys. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const { config, databaseUrl } = parts;
    const { STRONGROOM_ADMIN_EMAIL: email, STRONGROOM_ADMIN_PASSWORD: password } = config;
    const context = IdentityModule.forRoot({
      databaseUrl,
      masterKeys: ConfiguredMasterKeys.parse(config.STRONGROOM_MASTER_KEYS),
      rewrapRowsPerSecond: config.STRONGROOM_REWRAP_ROWS_PER_SECOND,
      ...clientAuthentication(config),
      requireDpopNonce: config.STRONGROOM_DPOP_NONCE === 'required',
      managementClient: {
        clientId: config.STRONGROOM_MANAGEMENT_CLIENT_ID,
        clientSecret: config.STRONGROOM_MANAGEMENT_CLIENT_SECRET,
      },
      administrator: email && password ? { email, password } : null,
    });
    return parts.root(AppModule, context, ['ConnectionDirectory', 'ConnectionListing']);
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { TokensetsModule } from '@strongroom/tokensets';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import type { ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** Custody and refresh. With `identity` the only service that holds master keys. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const { config, databaseUrl, locks } = parts;
    const context = TokensetsModule.forRoot({
      databaseUrl,
      masterKeys: ConfiguredMasterKeys.parse(config.STRONGROOM_MASTER_KEYS),
      node: config.STRONGROOM_NODE_ID ?? parts.node,
      ...(locks ? { locks } : {}),
      refreshTimeoutMs: config.STRONGROOM_REFRESH_TIMEOUT_SECONDS * 1000,
      refreshWaitMs: config.STRONGROOM_REFRESH_WAIT_SECONDS * 1000,
      minimumSeconds: config.STRONGROOM_MIN_TOKEN_LIFE_SECONDS,
    });
    return parts.root(AppModule, context, ['Bearer', 'People', 'ConnectionDirectory']);
  }
}

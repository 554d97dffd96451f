import { type DynamicModule, Module } from '@nestjs/common';
import { refuseUnwritable } from '@strongroom/config';
import { TokensetsModule } from '@strongroom/tokensets';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { refreshOptions, type ServiceParts } from '@strongroom/service';
import type { Config } from './config.js';

/** Custody and refresh. With `identity` the only service that holds master keys. */
@Module({})
export class AppModule {
  static register(parts: ServiceParts<Config>): DynamicModule {
    const { config, databaseUrl, locks, budgets } = parts;
    refuseUnwritable('STRONGROOM_SPILL_DIR', config.STRONGROOM_SPILL_DIR);
    const context = TokensetsModule.forRoot({
      databaseUrl,
      masterKeys: ConfiguredMasterKeys.parse(config.STRONGROOM_MASTER_KEYS),
      ...(config.STRONGROOM_NODE_ID ? { node: config.STRONGROOM_NODE_ID } : {}),
      spillDir: config.STRONGROOM_SPILL_DIR,
      ...(locks ? { locks } : {}),
      ...(budgets ? { budgets } : {}),
      ...refreshOptions(config),
      hasDashboard: config.STRONGROOM_DASHBOARD === 'on',
      rewrapRowsPerSecond: config.STRONGROOM_REWRAP_ROWS_PER_SECOND,
    });
    return parts.root(AppModule, context, ['Bearer', 'People', 'ConnectionDirectory']);
  }
}

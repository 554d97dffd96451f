import 'reflect-metadata';
import { runService } from '@strongroom/service';
import { tokensetsChecks } from '@strongroom/tokensets';
import { AppModule } from './app.module.js';
import { configSchema } from './config.js';

await runService('tokensets', configSchema, {
  module: (parts) => AppModule.register(parts),
  needed: tokensetsChecks,
});

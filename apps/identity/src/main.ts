import 'reflect-metadata';
import { identityChecks } from '@strongroom/identity';
import { runService } from '@strongroom/service';
import { AppModule } from './app.module.js';
import { configSchema } from './config.js';

await runService('identity', configSchema, {
  module: (parts) => AppModule.register(parts),
  needed: identityChecks,
});

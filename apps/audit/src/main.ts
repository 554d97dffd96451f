import 'reflect-metadata';
import { runService } from '@strongroom/service';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';

await runService<Config>('audit', { module: (parts) => AppModule.register(parts) });

import { type DynamicModule, Module } from '@nestjs/common';
import { rootModule } from '../root-module.js';
import { InProcessMessaging, type InProcessMessagingOptions } from './in-process-messaging.js';

/** For the app's root module. Then, in main: `await app.get(InProcessMessaging).start(app)`. */
@Module({})
export class InProcessMessagingModule {
  /** `operatorApi` serves `/api/v2/events`; it needs `Bearer` and `PublicUrl` in a global module. */
  static forRoot({
    operatorApi = false,
    ...options
  }: InProcessMessagingOptions & { operatorApi?: boolean }): DynamicModule {
    const make = (modules: ConstructorParameters<typeof InProcessMessaging>[1]) =>
      new InProcessMessaging(options, modules);
    return rootModule(InProcessMessagingModule, InProcessMessaging, make, operatorApi);
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { rootModule } from '../root-module.js';
import { KafkaMessaging, type KafkaMessagingOptions } from './kafka-messaging.js';

/** For the app's root module. Then, in main: `await app.get(KafkaMessaging).start(app)`. */
@Module({})
export class KafkaMessagingModule {
  /** `operatorApi` serves `/api/v2/events`; it needs `Bearer` and `PublicUrl` in a global module. */
  static forRoot({
    operatorApi = false,
    ...options
  }: KafkaMessagingOptions & { operatorApi?: boolean }): DynamicModule {
    const make = (modules: ConstructorParameters<typeof KafkaMessaging>[1]) => new KafkaMessaging(options, modules);
    return rootModule(KafkaMessagingModule, KafkaMessaging, make, operatorApi);
  }
}

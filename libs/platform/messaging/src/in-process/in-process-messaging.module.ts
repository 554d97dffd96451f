import { type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { InProcessMessaging, type InProcessMessagingOptions } from './in-process-messaging.js';

/** For the app's root module. Then, in main: `await app.get(InProcessMessaging).start(app)`. */
@Module({})
export class InProcessMessagingModule {
  static forRoot(options: InProcessMessagingOptions): DynamicModule {
    return {
      module: InProcessMessagingModule,
      providers: [
        {
          provide: InProcessMessaging,
          useFactory: (modules: ModulesContainer) => new InProcessMessaging(options, modules),
          inject: [ModulesContainer],
        },
      ],
      exports: [InProcessMessaging],
    };
  }
}

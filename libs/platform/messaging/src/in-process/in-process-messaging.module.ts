import { type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ParkedEventsController } from '../parked-events.controller.js';
import { ParkedOffices } from '../parked-office.js';
import { InProcessMessaging, type InProcessMessagingOptions } from './in-process-messaging.js';

/** For the app's root module. Then, in main: `await app.get(InProcessMessaging).start(app)`. */
@Module({})
export class InProcessMessagingModule {
  /** `operatorApi` serves `/api/v2/events`; it needs `Bearer` and `PublicUrl` in a global module. */
  static forRoot({
    operatorApi = false,
    ...options
  }: InProcessMessagingOptions & { operatorApi?: boolean }): DynamicModule {
    return {
      module: InProcessMessagingModule,
      controllers: operatorApi ? [ParkedEventsController] : [],
      providers: [
        {
          provide: InProcessMessaging,
          useFactory: (modules: ModulesContainer) => new InProcessMessaging(options, modules),
          inject: [ModulesContainer],
        },
        {
          provide: ParkedOffices,
          useFactory: ({ server }: InProcessMessaging): ParkedOffices => ({
            of: (context) => server.parkedOf(context),
          }),
          inject: [InProcessMessaging],
        },
      ],
      exports: [InProcessMessaging],
    };
  }
}

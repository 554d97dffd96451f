import type { DynamicModule, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { EventServer } from './event-server.js';
import { ParkedEventsController } from './parked-events.controller.js';
import { ParkedOffices } from './parked-office.js';

/** What an app imports once, whatever carries its events: `messaging` itself and the parked events of its server. */
export const rootModule = <M extends { server: EventServer }>(
  module: Type,
  messaging: Type<M>,
  make: (modules: ModulesContainer) => M,
  operatorApi: boolean,
): DynamicModule => ({
  module,
  controllers: operatorApi ? [ParkedEventsController] : [],
  providers: [
    { provide: messaging, useFactory: make, inject: [ModulesContainer] },
    {
      provide: ParkedOffices,
      useFactory: ({ server }: M): ParkedOffices => ({ of: (context) => server.parkedOf(context) }),
      inject: [messaging],
    },
  ],
  exports: [messaging],
});

import { type DynamicModule, Module } from '@nestjs/common';
import { Outbox } from './outbox.js';

/** Under which a module's context stands in its `MessagingModule`; tells the server whose database is whose. */
export const MESSAGING_CONTEXT = Symbol('messaging context');

/** Import it in the context's module, beside its `DatabaseModule`. Gives `Outbox`; handlers are found by themselves. */
@Module({})
export class MessagingModule {
  static forContext(context: string): DynamicModule {
    return {
      module: MessagingModule,
      providers: [
        { provide: MESSAGING_CONTEXT, useValue: context },
        { provide: Outbox, useFactory: () => new Outbox(context) },
      ],
      exports: [Outbox],
    };
  }
}

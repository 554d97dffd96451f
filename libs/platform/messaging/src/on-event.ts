import { applyDecorators, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { type EventContract, eventContracts } from '@strongroom/contracts';
import { KeepErrorFilter } from './keep-error.filter.js';

/** What a handler's decorator tells the event server. */
export interface HandlerExtras {
  /** The context whose database the handler writes to; its consumer group is `strongroom.<context>`. */
  context: string;
  contracts: readonly EventContract[];
  /** Most events in one call; absent: one event a call. */
  batch?: number;
}

const handles = (pattern: string, extras: HandlerExtras): MethodDecorator =>
  applyDecorators(EventPattern<string>(pattern, { ...extras }), UseFilters(KeepErrorFilter));

/** A handler of one type of event: `handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery)`. */
export const OnEvent = (contract: EventContract, context: string): MethodDecorator =>
  handles(contract.name, { context, contracts: [contract] });

/** A handler of everything, in batches: `handle(@Payload() wires: WireEvent[], @Ctx() delivery: BatchDelivery)`. */
export const OnEveryEvent = (
  context: string,
  options: { batch?: number; contracts?: readonly EventContract[] } = {},
): MethodDecorator => handles('*', { context, contracts: eventContracts, batch: 1000, ...options });

import type { MessageHandler } from '@nestjs/microservices';
import type { EventContract } from '@strongroom/contracts';
import { isObservable, lastValueFrom } from 'rxjs';
import type { HandlerExtras } from './on-event.js';

/** A consumer group: all handlers of one context, and with them its name in `parked_events`. */
export class Group {
  readonly name: string;
  readonly contracts = new Map<string, EventContract>();
  /** Most events of one call; null: one event a call. */
  batch: number | null = null;
  private readonly handlers = new Map<string, MessageHandler>();

  constructor(readonly context: string) {
    this.name = `strongroom.${context}`;
  }

  get topics(): string[] {
    return [...new Set([...this.contracts.values()].map(({ topic }) => topic))];
  }

  add(handler: MessageHandler, { contracts, ...extras }: HandlerExtras): void {
    const batch = extras.batch ?? null;
    if (this.contracts.size > 0 && (this.batch !== null || batch !== null))
      throw new Error(`${this.name} has a handler of batches: it can be the only one`);
    this.batch = batch;
    for (const contract of contracts) {
      if (this.handlers.has(contract.ceType)) throw new Error(`${this.name} handles ${contract.name} twice`);
      this.handlers.set(contract.ceType, handler);
      this.contracts.set(contract.ceType, contract);
    }
  }

  /** A handler's error comes back as an Observable that fails. */
  async call(contract: EventContract, data: unknown, delivery: unknown): Promise<void> {
    const result: unknown = await this.handlers.get(contract.ceType)!(data, delivery);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  }
}

import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { Logger } from '@strongroom/observability';
import type { DataSource } from 'typeorm';
import { BatchDeliverer } from './batch-deliverer.js';
import { Deliverer, RETRY_POLICY, type RetryPolicy } from './deliverer.js';
import { Group } from './group.js';
import type { HandlerExtras } from './on-event.js';
import { ParkedOffice } from './parked-office.js';

export interface EventServerOptions {
  /** The database of each context whose handlers run here. Asked when the server begins to listen. */
  databases: () => ReadonlyMap<string, DataSource>;
  logger: Logger;
  policy?: Partial<RetryPolicy>;
}

/** A group with all a transport needs to serve it. */
export interface Subscription {
  readonly group: Group;
  readonly deliverer: Deliverer;
  /** Instead of `deliverer`, if the group takes batches. */
  readonly batches: BatchDeliverer | null;
}

/**
 * Delivers events to `@OnEvent` and `@OnEveryEvent` methods. Order, retries, parking and replay are here, once, for
 * every transport; a transport reads records and keeps offsets.
 */
export abstract class EventServer extends Server implements CustomTransportStrategy {
  /** A failure is ours to judge; Nest need not log it too. */
  override readonly propagatesEventHandlerErrors: boolean = true;
  private readonly groups = new Map<string, Group>();
  private readonly closing = new AbortController();

  constructor(protected readonly options: EventServerOptions) {
    super();
  }

  /** Begins to read for these groups; resolves once nothing said from now on can pass them by. */
  protected abstract subscribe(subscriptions: readonly Subscription[], signal: AbortSignal): Promise<void>;
  /** Resolves once every handler has ended. */
  protected abstract unsubscribe(): Promise<void>;

  /** Handlers are kept by group: two contexts that hear the same event fail and go on independently. */
  override addHandler(pattern: string, handler: MessageHandler, _isEvent?: boolean, extras?: unknown): void {
    const about = extras as HandlerExtras | undefined;
    if (!about?.context || !about.contracts)
      throw new Error(`the handler of ${String(pattern)} is made without OnEvent`);
    const group = this.groups.get(about.context) ?? new Group(about.context);
    this.groups.set(about.context, group);
    group.add(handler, about);
  }

  override listen(ready: (error?: unknown) => void): void {
    this.subscribe(
      [...this.groups.values()].map((group) => this.subscription(group)),
      this.closing.signal,
    ).then(() => ready(), ready);
  }

  override async close(): Promise<void> {
    this.closing.abort();
    await this.unsubscribe();
  }

  override on(): never {
    throw new Error('an event server has no events of its own');
  }

  override unwrap(): never {
    throw new Error('an event server has no client below it');
  }

  /** The parked events of a context; null if none of its handlers runs here. */
  parkedOf(context: string): ParkedOffice | null {
    const group = this.groups.get(context);
    return group ? new ParkedOffice(group, this.databaseOf(context), this.options.logger) : null;
  }

  private subscription(group: Group): Subscription {
    const policy = { ...RETRY_POLICY, ...this.options.policy };
    const given = [group, this.databaseOf(group.context), policy, this.options.logger, this.closing.signal] as const;
    const batches = group.batch === null ? null : new BatchDeliverer(...given);
    return { group, batches, deliverer: batches ?? new Deliverer(...given) };
  }

  private databaseOf(context: string): DataSource {
    const database = this.options.databases().get(context);
    if (!database) throw new Error(`${context} has handlers, but no module that imports database and messaging`);
    return database;
  }
}

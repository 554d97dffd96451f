import type { Logger } from '@strongroom/observability';
import type { Group } from '../group.js';
import { ServerClosingError } from '../messaging.errors.js';
import type { Notifications } from '../notifications.js';
import { pause, Wakeup } from '../wait.js';
import type { InProcessBus } from './in-process-bus.js';

export interface LogReaderOptions {
  group: Group;
  bus: InProcessBus;
  notifications: Notifications;
  logger: Logger;
  signal: AbortSignal;
}

const AFTER_FAILURE_MS = 500;

/** Reads for one group for as long as this process is the only one that does; another one stands by. */
export abstract class LogReader<Options extends LogReaderOptions> {
  protected readonly wakeup = new Wakeup();
  private running: Promise<void> = Promise.resolve();

  constructor(protected readonly options: Options) {}

  /** Reads until the claim is lost or the server closes; throws if the log cannot be read. */
  protected abstract read(): Promise<void>;

  start(): void {
    this.options.signal.addEventListener('abort', this.wakeup.wake);
    this.running = this.run();
  }

  stopped(): Promise<void> {
    return this.running;
  }

  /** An empty list: some may have been missed. */
  grown(topics: string): void {
    if (!topics || topics.split(' ').some((topic) => this.options.group.topics.includes(topic))) this.wakeup.wake();
  }

  protected get mayRead(): boolean {
    return !this.options.signal.aborted && this.options.notifications.holds(this.options.group.name);
  }

  private async run(): Promise<void> {
    const { group, notifications, logger, signal } = this.options;
    while (!signal.aborted) {
      try {
        if (await notifications.claim(group.name)) await this.read();
      } catch (error) {
        if (!(error instanceof ServerClosingError))
          logger.warn({ err: error, consumer: group.name }, 'the log could not be read, trying again');
      }
      await pause(AFTER_FAILURE_MS, signal).catch(() => undefined);
    }
  }
}

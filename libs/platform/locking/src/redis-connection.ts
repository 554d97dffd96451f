import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@strongroom/observability';
import { Redis } from 'ioredis';
import { RedisAwayError } from './redis.errors.js';

/** Longer than a healthy Redis ever takes; so much a call pays at most, and only the first of an outage. */
const COMMAND_TIMEOUT_MS = 500;
const CONNECT_TIMEOUT_MS = 1000;
/** After a failure nobody waits for Redis until a new connection stands. */
const RECONNECT_MS = 500;
/** So long a connection that is given up has for what was written to it. */
const DISCONNECT_MS = 200;

export type RedisState = 'idle' | 'ready' | 'away';

/**
 * The process's one connection to Redis. Nothing but `ReplayStore` rests on it: while Redis is away a call fails at
 * once, and the connection comes back by itself. One failure is enough to call it away, so that a Redis that hangs holds up those
 * who asked at that moment and nobody after them.
 */
export class RedisConnection {
  private readonly redis: Redis;
  private now: RedisState = 'idle';
  private opening: Promise<void> | undefined;
  private reason: unknown;
  private isClosed = false;

  constructor(
    url: string,
    private readonly logger: Logger,
    private readonly commandTimeoutMs = COMMAND_TIMEOUT_MS,
  ) {
    this.redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      commandTimeout: commandTimeoutMs,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_MS,
      retryStrategy: () => RECONNECT_MS,
      // What was asked of a lost connection has failed: sent again, it would take locks for nobody.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    });
    this.redis.on('ready', () => this.found());
    this.redis.on('error', (error) => (this.reason = error));
    this.redis.on('close', () => this.lost(this.reason));
  }

  /** Begins to connect, where nobody has asked anything yet. */
  state(): RedisState {
    if (this.now === 'idle') void this.open();
    return this.now;
  }

  /** @throws RedisAwayError unless Redis answers now. */
  async check(): Promise<void> {
    await this.run((redis) => redis.ping());
  }

  /** @throws RedisAwayError whatever went wrong, and at once while Redis is known to be away. */
  async run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.now === 'idle') await Promise.race([this.open(), sleep(this.commandTimeoutMs, undefined, { ref: false })]);
    if (this.now !== 'ready') throw new RedisAwayError(this.reason);
    try {
      return await command(this.redis);
    } catch (error) {
      if (this.now === 'ready') setTimeout(() => this.reconnect(), this.commandTimeoutMs).unref();
      this.lost(error);
      throw new RedisAwayError(error);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const wasOpen = ['connecting', 'connect', 'ready'].includes(this.redis.status);
    const ended = wasOpen && new Promise((done) => this.redis.once('end', done));
    this.redis.disconnect();
    await ended;
  }

  /** Settles when the first attempt has: connected, or away. */
  private open(): Promise<void> {
    return (this.opening ??= this.redis.connect().catch((error: unknown) => this.lost(this.reason ?? error)));
  }

  /** What hangs is not waited for. By now all that was asked of it has failed, and what had to follow is sent. */
  private reconnect(): void {
    if (this.now === 'away') this.redis.disconnect(!this.isClosed);
  }

  private found(): void {
    if (this.now === 'away') this.logger.info('Redis answers again');
    this.now = 'ready';
    this.reason = undefined;
  }

  private lost(reason: unknown): void {
    if (this.now === 'away' || this.isClosed) return;
    this.now = 'away';
    this.reason = reason;
    this.logger.warn({ err: reason }, 'Redis is away, going on without it');
  }
}

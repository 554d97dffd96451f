import { createHash } from 'node:crypto';
import { type Count, Counters, type Window } from './counters.js';
import { InProcessCounters } from './in-process-counters.js';
import type { RedisConnection } from './redis-connection.js';
import { RedisAwayError } from './redis.errors.js';

const ADD = `
local count = redis.call('INCR', KEYS[1])
if count == 1 or ARGV[2] == '1' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }`;
const READ = `return { tonumber(redis.call('GET', KEYS[1]) or 0), redis.call('PTTL', KEYS[1]) }`;
const TAKE_BACK = `if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then redis.call('DECR', KEYS[1]) end`;

/** Counts for all processes together, and alone in this one while Redis is away. */
export class RedisCounters extends Counters {
  private readonly alone = new InProcessCounters();

  constructor(private readonly connection: RedisConnection) {
    super();
  }

  override add(key: string, window: Window): Promise<Count> {
    return this.shared(
      () => this.ask(ADD, key, window),
      () => this.alone.add(key, window),
    );
  }

  override read(key: string, window: Window): Promise<Count> {
    return this.shared(
      () => this.ask(READ, key, window),
      () => this.alone.read(key, window),
    );
  }

  override takeBack(key: string): Promise<void> {
    return this.shared(
      () => this.connection.run(async (redis) => void (await redis.eval(TAKE_BACK, 1, nameOf(key)))),
      () => this.alone.takeBack(key),
    );
  }

  /** Also what was counted alone: the next outage must not find it again. */
  override async clear(key: string): Promise<void> {
    await this.alone.clear(key);
    await this.shared(
      () => this.connection.run((redis) => redis.del(nameOf(key))),
      () => undefined,
    );
  }

  private async ask(script: string, key: string, window: Window): Promise<Count> {
    const answer = await this.connection.run((redis) =>
      redis.eval(script, 1, nameOf(key), window.ms, window.slides ? '1' : '0'),
    );
    const [count, leftMs] = answer as [number, number];
    return count === 0 ? { count: 0, agoMs: 0 } : { count, agoMs: Math.max(0, window.ms - leftMs) };
  }

  private async shared<T>(together: () => Promise<T>, alone: () => T | Promise<T>): Promise<T> {
    try {
      return await together();
    } catch (error) {
      if (error instanceof RedisAwayError) return alone();
      throw error;
    }
  }
}

const nameOf = (key: string): string => `strongroom:count:${createHash('sha256').update(key).digest('base64url')}`;

import type { Redis } from 'ioredis';
import { Locks } from './locks.js';
import type { RedisConnection } from './redis-connection.js';

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

const EXTEND = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/** Locks that processes share. While Redis is away `withLock` throws a `RedisAwayError`, unless the work has begun. */
export class RedisLocks extends Locks {
  constructor(private readonly connection: RedisConnection) {
    super();
  }

  protected override claim(key: string, owner: string, holdMs: number): Promise<boolean> {
    return this.connection.run(async (redis) => {
      try {
        return (await redis.set(nameOf(key), owner, 'PX', holdMs, 'NX')) === 'OK';
      } catch (error) {
        // A Redis that hangs may take it later, for an owner who has gone: behind it goes its release.
        free(redis, key, owner).catch(() => undefined);
        throw error;
      }
    });
  }

  protected override async release(key: string, owner: string): Promise<void> {
    await this.connection.run((redis) => free(redis, key, owner));
  }

  protected override extend(key: string, owner: string, holdMs: number): Promise<boolean> {
    return this.connection.run(async (redis) => (await redis.eval(EXTEND, 1, nameOf(key), owner, holdMs)) === 1);
  }
}

const nameOf = (key: string): string => `strongroom:lock:${key}`;
const free = (redis: Redis, key: string, owner: string) => redis.eval(RELEASE, 1, nameOf(key), owner);

import { createHash } from 'node:crypto';
import type { RedisConnection } from './redis-connection.js';
import { ReplayStoreAwayError } from './replay-store.errors.js';
import { ReplayStore } from './replay-store.js';

/** Remembers for all processes together: of any number at once, `SET NX` lets one in. */
export class RedisReplayStore extends ReplayStore {
  constructor(private readonly connection: RedisConnection) {
    super();
  }

  override async isFirst(key: string, seconds: number): Promise<boolean> {
    try {
      return (await this.connection.run((redis) => redis.set(nameOf(key), '1', 'EX', seconds, 'NX'))) === 'OK';
    } catch (error) {
      throw new ReplayStoreAwayError(error);
    }
  }
}

const nameOf = (key: string): string => `strongroom:replay:${createHash('sha256').update(key).digest('base64url')}`;

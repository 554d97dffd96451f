import { RedisConnection } from '@strongroom/locking';
import { createLogger } from '@strongroom/observability';
import { messageOf } from '../reason.js';
import { check, type Finding, skipped } from './finding.js';

export async function checkRedis(url: string | null): Promise<Finding> {
  if (url === null) return skipped('Redis', 'STRONGROOM_REDIS_URL is not set, or is wrong');
  const { host } = new URL(url);
  const redis = new RedisConnection(url, createLogger('silent'));
  try {
    return await check('Redis', () =>
      redis.check().then(
        () => `answers at ${host}`,
        (error: unknown) => {
          const { cause } = error as { cause?: unknown };
          throw new Error(`at ${host}: ${messageOf(cause ?? error)}; start it, or correct STRONGROOM_REDIS_URL`);
        },
      ),
    );
  } finally {
    await redis.close();
  }
}

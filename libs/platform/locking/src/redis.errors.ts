/** Redis did not do what it was asked. The caller goes on without it. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError';
  constructor(cause: unknown) {
    super('Redis is away', { cause });
  }
}

import { createHash, randomUUID } from 'node:crypto';
import {
  type Ask,
  type Budget,
  Budgets,
  IN_FLIGHT_RETRY_MS,
  partOf,
  type Permit,
  type Refused,
  WAITING_MS,
} from './budgets.js';
import { InProcessBudgets } from './in-process-budgets.js';
import type { RedisConnection } from './redis-connection.js';
import { RedisAwayError } from './redis.errors.js';

/** What a process takes by itself while nobody can tell it what the others take. */
const ALONE = 0.25;

/**
 * The algorithm of `InProcessBudgets`, by Redis' own clock. Answers 0, or the milliseconds to wait.
 * KEYS: the account, its permits of all, its permits of background work.
 * ARGV: per second, burst, in flight, permit, background (1 or 0), hold in ms, waiting in ms, retry of a full one in ms.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local rate, burst, flight = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2]), tonumber(ARGV[3])
local background, hold = ARGV[5] == '1', tonumber(ARGV[6])
local half_burst, half_flight = math.max(1, burst / 2), math.max(1, math.floor(flight / 2))
local known = redis.call('HMGET', KEYS[1], 'tokens', 'background', 'at', 'waiting')
local past = math.max(0, now - (tonumber(known[3]) or now))
local tokens = math.min(burst, (tonumber(known[1]) or burst) + past * rate)
local share = math.min(half_burst, (tonumber(known[2]) or half_burst) + past * rate / 2)
local waiting = tonumber(known[4]) or 0
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local halved = background and waiting > now
local wait = 0
if tokens < 1 then wait = math.max(1, math.ceil((1 - tokens) / rate)) end
if halved and share < 1 then wait = math.max(wait, 1, math.ceil((1 - share) / (rate / 2))) end
if redis.call('ZCARD', KEYS[2]) >= flight or (halved and redis.call('ZCARD', KEYS[3]) >= half_flight) then
  wait = math.max(wait, tonumber(ARGV[8]))
end
if wait == 0 then
  tokens = tokens - 1
  redis.call('ZADD', KEYS[2], now + hold, ARGV[4])
  redis.call('PEXPIRE', KEYS[2], hold)
  if background then
    share = math.max(0, share - 1)
    redis.call('ZADD', KEYS[3], now + hold, ARGV[4])
    redis.call('PEXPIRE', KEYS[3], hold)
  end
elseif not background then
  waiting = now + tonumber(ARGV[7])
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'background', tostring(share),
  'at', string.format('%.3f', now), 'waiting', string.format('%.3f', waiting))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate) + tonumber(ARGV[7]))
return wait`;

/** Permits of all processes together; a quarter of them for this process alone while Redis is away. */
export class RedisBudgets extends Budgets {
  private readonly alone = new InProcessBudgets();

  constructor(private readonly connection: RedisConnection) {
    super();
  }

  override async take(key: string, budget: Budget, ask: Ask): Promise<Permit | Refused> {
    try {
      return await this.together(key, budget, ask);
    } catch (error) {
      if (!(error instanceof RedisAwayError)) throw error;
      return this.alone.take(key, partOf(budget, ALONE), ask);
    }
  }

  private async together(key: string, { perSecond, burst, inFlight }: Budget, ask: Ask): Promise<Permit | Refused> {
    const name = `strongroom:budget:{${createHash('sha256').update(key).digest('base64url')}}`;
    const keys = [name, `${name}:held`, `${name}:background`];
    const permit = randomUUID();
    const { background, holdMs } = ask;
    const limits = [perSecond, burst, inFlight, permit, background ? '1' : '0', holdMs, WAITING_MS, IN_FLIGHT_RETRY_MS];
    const wait = await this.connection.run((redis) => redis.eval(TAKE, keys.length, ...keys, ...limits));
    if (Number(wait) > 0) return { retryAfterMs: Number(wait) };
    return {
      // Lost with Redis, it ends by itself.
      release: () =>
        this.connection
          .run((redis) => Promise.all(keys.slice(1).map((held) => redis.zrem(held, permit))))
          .then(
            () => undefined,
            (error: unknown) => {
              if (!(error instanceof RedisAwayError)) throw error;
            },
          ),
    };
  }
}

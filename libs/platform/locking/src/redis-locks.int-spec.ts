import { randomUUID } from 'node:crypto';
import { redisOfOwn, testRedis, whereThereIs } from '@strongroom/testing';
import { Gate, LoggedConnection, SWALLOWED_MS, Swallower, until } from '../test/redis.js';
import { describeLocks } from './locks.conformance.js';
import { LockTimeoutError } from './locks.errors.js';
import { RedisAwayError } from './redis.errors.js';
import { RedisLocks } from './redis-locks.js';

const shared = await testRedis();
const own = shared && (await redisOfOwn());

whereThereIs(own, 'Redis', 'locks in Redis', () => {
  const connections: LoggedConnection[] = [];
  const connected = (url: string, commandTimeoutMs?: number) => {
    const connection = new LoggedConnection(url, commandTimeoutMs);
    connections.push(connection);
    return connection;
  };
  const short = { waitMs: 0, holdMs: 10_000 };
  const long = { waitMs: 10_000, holdMs: 30_000 };
  let key: string;
  beforeEach(() => (key = randomUUID()));
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  afterAll(async () => {
    await own?.remove();
    await shared?.stop();
  });

  describeLocks('RedisLocks', () => new RedisLocks(connected(shared!.url)));

  it('keeps workers of two processes apart', async () => {
    const [one, other] = [new RedisLocks(connected(shared!.url)), new RedisLocks(connected(shared!.url))];
    await one.withLock(key, short, async () => {
      await expect(other.withLock(key, short, async () => {})).rejects.toThrow(LockTimeoutError);
    });
    await expect(other.withLock(key, short, async () => 'in')).resolves.toBe('in');
  });

  it('D7 flushed in mid-hold: the late holder frees nobody else’s lock and keeps what its work came to', async () => {
    const connection = connected(own!.url);
    const [one, other] = [new RedisLocks(connection), new RedisLocks(connected(own!.url))];
    const late = new Gate();
    const next = new Gate();
    const first = one.withLock(key, short, async () => {
      await connection.run((redis) => redis.flushall());
      next.open();
      await late.opened;
      return 'late';
    });
    await next.opened;
    const second = other.withLock(key, short, async () => {
      late.open();
      await expect(first).resolves.toBe('late');
      await expect(one.withLock(key, short, async () => {})).rejects.toThrow(LockTimeoutError);
      return 'next';
    });
    await expect(second).resolves.toBe('next');
  });

  it('D7 stopped in mid-hold: the work’s result stays, others fail at once, and it comes back by itself', async () => {
    const connection = connected(own!.url);
    const locks = new RedisLocks(connection);
    const result = await locks.withLock(key, short, async () => {
      await own!.stop();
      await until(() => connection.state() === 'away');
      return 'kept';
    });
    expect(result).toBe('kept');
    await expect(locks.withLock(key, long, async () => 'never')).rejects.toThrow(RedisAwayError);
    await expect(connection.check()).rejects.toThrow(RedisAwayError);
    await own!.start();
    await until(() => connection.state() === 'ready');
    await connection.check();
    await expect(locks.withLock(key, short, async () => 'in')).resolves.toBe('in');
    expect([connection.said('Redis is away'), connection.said('Redis answers again')]).toEqual([1, 1]);
  });

  it('D7 stopped while others wait for the lock: they stop waiting', async () => {
    const [holding, waiting] = [connected(own!.url), connected(own!.url)];
    const gate = new Gate();
    const holder = new RedisLocks(holding).withLock(key, long, () => gate.opened);
    await until(async () => (await waiting.run((redis) => redis.exists(`strongroom:lock:${key}`))) === 1);
    const waiter = new RedisLocks(waiting).withLock(key, { waitMs: 600_000, holdMs: 1000 }, async () => {});
    await Promise.all([own!.stop(), expect(waiter).rejects.toThrow(RedisAwayError)]);
    gate.open();
    await holder;
    await own!.start();
  });

  it('D7 swallowed: only who asks at that moment waits, and what they asked for is taken by nobody', async () => {
    const network = await Swallower.before(shared!.url);
    const [slow, direct] = [connected(network.url, SWALLOWED_MS), connected(shared!.url)];
    const [locks, neighbour] = [new RedisLocks(slow), new RedisLocks(direct)];
    await slow.check();
    network.swallow();
    const keys = Array.from({ length: 500 }, (_, i) => `${key}-${i}`);
    const refused = await Promise.allSettled(keys.map((one) => locks.withLock(one, long, async () => 'never')));
    expect(refused.every((one) => one.status === 'rejected' && one.reason instanceof RedisAwayError)).toBe(true);
    expect(slow.state()).toBe('away');
    expect(slow.said('Redis is away')).toBe(1);
    network.letThrough();
    await until(() => slow.state() === 'ready');
    for (const one of keys.slice(0, 5))
      await expect(neighbour.withLock(one, long, async () => 'in')).resolves.toBe('in');
    expect(await direct.run((redis) => redis.keys(`strongroom:lock:${key}-*`))).toEqual([]);
    await network.close();
  });

  it('says neither password nor user in its log where Redis refuses them', async () => {
    const url = new URL(shared!.url);
    url.username = 'somebody';
    url.password = 'cnry_redis_password';
    const connection = connected(url.href);
    await expect(connection.check()).rejects.toThrow(RedisAwayError);
    expect(connection.said('Redis is away')).toBe(1);
    expect(connection.lines.join()).not.toMatch(/cnry_|somebody|redis:\/\//);
  });

  it('costs a call nothing where nobody listens', async () => {
    const connection = connected('redis://127.0.0.1:1');
    await expect(new RedisLocks(connection).withLock(key, long, async () => 'never')).rejects.toThrow(RedisAwayError);
    expect(connection.state()).toBe('away');
  });
});

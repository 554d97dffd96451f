import { randomUUID } from 'node:crypto';
import { redisOfOwn, testRedis, whereThereIs } from '@strongroom/testing';
import { LoggedConnection, SWALLOWED_MS, Swallower, until } from '../test/redis.js';
import { describeCounters } from './counters.conformance.js';
import { RedisCounters } from './redis-counters.js';

const shared = await testRedis();
const own = shared && (await redisOfOwn());

whereThereIs(own, 'Redis', 'counters in Redis', () => {
  const connections: LoggedConnection[] = [];
  const connected = (url: string, commandTimeoutMs?: number) => {
    const connection = new LoggedConnection(url, commandTimeoutMs);
    connections.push(connection);
    return connection;
  };
  const window = { ms: 600_000, slides: false };
  let key: string;
  beforeEach(() => (key = `ada@example.com\n192.0.2.1\n${randomUUID()}`));
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  afterAll(async () => {
    await own?.remove();
    await shared?.stop();
  });

  describeCounters('RedisCounters', () => new RedisCounters(connected(shared!.url)));

  it('counts what two processes add together', async () => {
    const [one, other] = [new RedisCounters(connected(shared!.url)), new RedisCounters(connected(shared!.url))];
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : other).add(key, window)));
    expect((await one.read(key, window)).count).toBe(20);
    await other.clear(key);
    expect((await one.read(key, window)).count).toBe(0);
  });

  it('D7 holds no name or address in clear, and nothing without an end', async () => {
    const connection = connected(own!.url);
    const counters = new RedisCounters(connection);
    await counters.add(key, window);
    await counters.add(`${key} slides`, { ms: 600_000, slides: true });
    await counters.read(`${key} never added`, window);
    const keys = await connection.run((redis) => redis.keys('*'));
    expect(keys).toHaveLength(2);
    for (const one of keys) {
      expect(one).toMatch(/^strongroom:count:[\w-]{43}$/);
      expect(await connection.run((redis) => redis.pttl(one))).toBeGreaterThan(0);
    }
  });

  it('D7 stopped: counts alone, at once; back: counts together again', async () => {
    const [first, second] = [connected(own!.url), connected(own!.url)];
    const [one, other] = [new RedisCounters(first), new RedisCounters(second)];
    expect((await one.add(key, window)).count).toBe(1);
    await second.check();
    await own!.stop();
    await until(() => first.state() === 'away' && second.state() === 'away');
    expect((await one.add(key, window)).count).toBe(1);
    expect((await one.add(key, window)).count).toBe(2);
    expect((await other.read(key, window)).count).toBe(0);
    await own!.start();
    await until(() => first.state() === 'ready' && second.state() === 'ready');
    expect((await one.add(key, window)).count).toBe(1); // a Redis that keeps nothing on disk begins anew
    expect((await other.add(key, window)).count).toBe(2);
  });

  it('D7 flushed: begins anew', async () => {
    const connection = connected(own!.url);
    const counters = new RedisCounters(connection);
    await counters.add(key, window);
    await connection.run((redis) => redis.flushall());
    expect(await counters.read(key, window)).toEqual({ count: 0, agoMs: 0 });
    expect((await counters.add(key, window)).count).toBe(1);
  });

  it('D7 swallowed: each of many callers gets a count of its own, from this process alone', async () => {
    const network = await Swallower.before(own!.url);
    const connection = connected(network.url, SWALLOWED_MS);
    const counters = new RedisCounters(connection);
    await connection.check();
    network.swallow();
    const counts = await Promise.all(Array.from({ length: 500 }, () => counters.add(key, window)));
    expect(new Set(counts.map(({ count }) => count)).size).toBe(500);
    expect(connection.state()).toBe('away');
    network.letThrough();
    await until(() => connection.state() === 'ready');
    await network.close();
  });

  it('clears what was counted alone too', async () => {
    const counters = new RedisCounters(connected(own!.url));
    await own!.stop();
    await counters.add(key, window);
    await own!.start();
    await until(async () => (await counters.clear(key), (await counters.read(key, window)).count === 0));
    await own!.stop();
    expect((await counters.read(key, window)).count).toBe(0);
    await own!.start();
  });
});

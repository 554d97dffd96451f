import { randomUUID } from 'node:crypto';
import { redisOfOwn, testRedis, whereThereIs } from '@strongroom/testing';
import { LoggedConnection, SWALLOWED_MS, Swallower, until } from '../test/redis.js';
import { RedisReplayStore } from './redis-replay-store.js';
import { describeReplayStore } from './replay-store.conformance.js';

const shared = await testRedis();
const own = shared && (await redisOfOwn());

whereThereIs(own, 'Redis', 'a replay store in Redis', () => {
  const connections: LoggedConnection[] = [];
  const connected = (url: string, commandTimeoutMs?: number) => {
    const connection = new LoggedConnection(url, commandTimeoutMs);
    connections.push(connection);
    return connection;
  };
  const unavailable = { status: 503, code: 'temporarily_unavailable' };
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  afterAll(async () => {
    await own?.remove();
    await shared?.stop();
  });

  describeReplayStore('RedisReplayStore', () => new RedisReplayStore(connected(shared!.url)));

  it('X6 is first for one of many in two processes', async () => {
    const key = randomUUID();
    const stores = [new RedisReplayStore(connected(shared!.url)), new RedisReplayStore(connected(shared!.url))];
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => stores[i % 2]!.isFirst(key, 120)));
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  it('holds no key in clear, and nothing without an end', async () => {
    const connection = connected(own!.url);
    await new RedisReplayStore(connection).isFirst('cnry_jti', 120);
    const keys = await connection.run((redis) => redis.keys('*'));
    expect(keys).toEqual([expect.stringMatching(/^strongroom:replay:[\w-]{43}$/)]);
    expect(await connection.run((redis) => redis.pttl(keys[0]!))).toBeGreaterThan(0);
  });

  it('X6 swallowed: nobody is first', async () => {
    const network = await Swallower.before(own!.url);
    const connection = connected(network.url, SWALLOWED_MS);
    const store = new RedisReplayStore(connection);
    expect(await store.isFirst(randomUUID(), 120)).toBe(true);
    network.swallow();
    for (let i = 0; i < 3; i += 1) await expect(store.isFirst(randomUUID(), 120)).rejects.toMatchObject(unavailable);
    network.letThrough();
    await until(() => connection.state() === 'ready');
    expect(await store.isFirst(randomUUID(), 120)).toBe(true);
    await network.close();
  });

  it('X6 stopped: nobody is first, and nobody was when it is back', async () => {
    const connection = connected(own!.url);
    const store = new RedisReplayStore(connection);
    await connection.check();
    await own!.stop();
    await until(() => connection.state() === 'away');
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => store.isFirst(randomUUID(), 120)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(0);
    await own!.start();
    await until(() => connection.state() === 'ready');
    expect(await store.isFirst(randomUUID(), 120)).toBe(true);
  });
});

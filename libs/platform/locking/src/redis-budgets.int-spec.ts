import { randomUUID } from 'node:crypto';
import { redisOfOwn, testRedis, whereThereIs } from '@strongroom/testing';
import { LoggedConnection, until } from '../test/redis.js';
import type { Budgets } from './budgets.js';
import { describeBudgets, isPermit } from './budgets.conformance.js';
import { RedisBudgets } from './redis-budgets.js';

const shared = await testRedis();
const own = shared && (await redisOfOwn());

whereThereIs(own, 'Redis', 'budgets in Redis', () => {
  const connections: LoggedConnection[] = [];
  const connected = (url: string) => {
    const connection = new LoggedConnection(url);
    connections.push(connection);
    return connection;
  };
  const budget = { perSecond: 0.001, burst: 40, inFlight: 100 };
  const ask = { background: false, holdMs: 60_000 };
  const takenOf = async (budgets: readonly Budgets[], count: number, key: string) => {
    const answers = Array.from({ length: count }, (_, i) => budgets[i % budgets.length]!.take(key, budget, ask));
    return (await Promise.all(answers)).filter(isPermit);
  };
  let key: string;
  beforeEach(() => (key = `con_${randomUUID()} https://provider.example`));
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  afterAll(async () => {
    await own?.remove();
    await shared?.stop();
  });

  describeBudgets('RedisBudgets', () => new RedisBudgets(connected(shared!.url)));

  it('26 are one budget for all processes', async () => {
    const both = [new RedisBudgets(connected(shared!.url)), new RedisBudgets(connected(shared!.url))];
    expect(await takenOf(both, 100, key)).toHaveLength(40);
  });

  it('leave no key in clear, and nothing without an end', async () => {
    const connection = connected(own!.url);
    const budgets = new RedisBudgets(connection);
    const permit = await budgets.take(key, budget, { ...ask, background: true });
    const keys = await connection.run((redis) => redis.keys('*'));
    expect(keys).toHaveLength(3);
    for (const one of keys) {
      expect(one).toMatch(/^strongroom:budget:\{[\w-]{43}\}(:held|:background)?$/);
      expect(await connection.run((redis) => redis.pttl(one))).toBeGreaterThan(0);
    }
    if (isPermit(permit)) await permit.release();
    expect(await connection.run((redis) => redis.keys('*'))).toHaveLength(1);
  });

  it('26 are a quarter for each process while Redis is away, and one budget again when it is back', async () => {
    const [first, second] = [connected(own!.url), connected(own!.url)];
    const [one, other] = [new RedisBudgets(first), new RedisBudgets(second)];
    await Promise.all([first.check(), second.check()]);
    const held = await takenOf([one], 1, key);
    await own!.stop();
    await until(() => first.state() === 'away' && second.state() === 'away');
    expect(await takenOf([one], 50, key)).toHaveLength(10);
    expect(await takenOf([other], 50, key)).toHaveLength(10);
    await expect(held[0]!.release()).resolves.toBeUndefined();
    await own!.start();
    await until(() => first.state() === 'ready' && second.state() === 'ready');
    expect(await takenOf([one, other], 100, key)).toHaveLength(40);
  });
});

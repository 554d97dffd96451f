import { randomUUID } from 'node:crypto';
import { RedisConnection, RedisCounters } from '@strongroom/locking';
import { createLogger } from '@strongroom/observability';
import { testRedis, whereThereIs } from '@strongroom/testing';
import { Lockout } from './lockout.js';

const redis = await testRedis();

whereThereIs(redis, 'Redis', 'the lockout of two identity processes', () => {
  const connections = [1, 2].map(() => new RedisConnection(redis!.url, createLogger('fatal')));
  const [one, other] = connections.map((connection) => new Lockout(new RedisCounters(connection))) as [
    Lockout,
    Lockout,
  ];
  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await redis?.stop();
  });

  it('A5 D7 counts failed logins of an account together, and forgets them together', async () => {
    const account = `${randomUUID()}@example.com`;
    const address = `2001:db8::${randomUUID().slice(0, 4)}`;
    for (let i = 0; i < 10; i++) await (i % 2 ? one : other).failed(account, address);
    for (const lockout of [one, other]) expect(await lockout.wait(account, address)).toBeGreaterThan(0);
    await one.succeeded(account, address);
    expect(await other.wait(account, address)).toBe(0);
  });

  it('A5 counts the accounts that one address tries together', async () => {
    const address = `2001:db8::${randomUUID().slice(0, 4)}`;
    const fail = (i: number) => (i % 2 ? one : other).failed(`person${i}@example.com`, address);
    await Promise.all(Array.from({ length: 99 }, (_, i) => fail(i)));
    expect(await one.wait('new@example.com', address)).toBe(0);
    await fail(99);
    for (const lockout of [one, other]) expect(await lockout.wait('new@example.com', address)).toBeGreaterThan(0);
  });
});

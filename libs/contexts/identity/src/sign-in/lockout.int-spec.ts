import { randomUUID } from 'node:crypto';
import { RedisConnection, RedisCounters } from '@strongroom/locking';
import { createLogger } from '@strongroom/observability';
import { testRedis, whereThereIs } from '@strongroom/testing';
import { Lockout } from './lockout.js';

const redis = await testRedis();

whereThereIs(redis, 'Redis', 'the lockout of two identity processes', () => {
  // Patient: a machine that stands still for a moment would otherwise have each count for itself.
  const connections = [1, 2].map(() => new RedisConnection(redis!.url, createLogger('fatal'), 5_000));
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
    const address = network();
    for (let i = 0; i < 10; i++) await (i % 2 ? one : other).attempt(account, address);
    for (const lockout of [one, other]) expect(await lockout.attempt(account, address)).toBeGreaterThan(0);
    await one.succeeded(account, address);
    expect(await other.attempt(account, address)).toBe(0);
  });

  it('A5 counts the accounts that one address tries together', async () => {
    const address = network();
    const attempt = (i: number) => (i % 2 ? one : other).attempt(`person${i}@example.com`, address);
    const waits = await Promise.all(Array.from({ length: 120 }, (_, i) => attempt(i)));
    expect(waits.filter((seconds) => seconds === 0)).toHaveLength(100);
    for (const lockout of [one, other]) expect(await lockout.attempt('new@example.com', address)).toBeGreaterThan(0);
  });
});

const network = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`;

import { InProcessCounters } from '@strongroom/locking';
import { Lockout } from './lockout.js';

describe('the lockout after wrong passwords', () => {
  let clock: number;
  let lockout: Lockout;
  const attempt = (account = 'a@example.com', address = '192.0.2.1') => lockout.attempt(account, address);
  const fail = async (times: number, account?: string, address?: string) => {
    for (let i = 0; i < times; i++) expect(await attempt(account, address)).toBe(0);
  };

  beforeEach(() => {
    clock = 1_000_000;
    lockout = new Lockout(new InProcessCounters(() => clock));
  });

  it('A5 makes wait from the tenth failure on, a minute doubling to fifteen', async () => {
    await fail(9);
    const waits = [60, 120, 240, 480, 900, 900];
    for (const seconds of waits) {
      await fail(1);
      expect(await attempt()).toBe(seconds);
      clock += seconds * 1000 - 1;
      expect(await attempt()).toBe(1);
      clock += 1;
    }
  });

  it('A5 counts a guess before it is looked at: of fifty at once, ten are', async () => {
    const waits = await Promise.all(Array.from({ length: 50 }, () => attempt()));
    expect(waits.filter((seconds) => seconds === 0)).toHaveLength(10);
    expect(await attempt()).toBe(60); // those that were not looked at did not count
  });

  it('A5 looks at one of fifty at once when a wait is over', async () => {
    await fail(10);
    clock += 60_000;
    const waits = await Promise.all(Array.from({ length: 50 }, () => attempt()));
    expect(waits.filter((seconds) => seconds === 0)).toHaveLength(1);
    expect(await attempt()).toBe(120);
  });

  it('A5 begins anew a day after the last failure', async () => {
    for (let i = 0; i < 20; i++) {
      await fail(1);
      clock += 15 * 60_000;
    }
    clock += 24 * 60 * 60_000;
    await fail(10);
    expect(await attempt()).toBe(60);
  });

  it('A5 stops the attacker’s address and not the owner’s', async () => {
    await fail(10);
    expect(await attempt('A@example.com ')).toBeGreaterThan(0);
    expect(await attempt('a@example.com', '198.51.100.7')).toBe(0);
  });

  it('A5 stops an address that tries many accounts', async () => {
    for (let i = 0; i < 100; i++) await fail(1, `person${i}@example.com`);
    expect(await attempt('new@example.com')).toBe(600);
    clock += 600_000;
    expect(await attempt('new@example.com')).toBe(0);
  });

  it('A5 looks at a hundred guesses of one address, also when they come at once', async () => {
    const waits = await Promise.all(Array.from({ length: 150 }, (_, i) => attempt(`person${i}@example.com`)));
    expect(waits.filter((seconds) => seconds === 0)).toHaveLength(100);
    expect(new Set(waits)).toEqual(new Set([0, 600]));
  });

  it('A5 gives back what was counted of who signs in, so that an office is not stopped by its own people', async () => {
    for (let i = 0; i < 150; i++) {
      await fail(1, `person${i}@example.com`);
      await lockout.succeeded(`person${i}@example.com`, '192.0.2.1');
    }
    await fail(9);
    await fail(1);
    await lockout.succeeded('a@example.com', '192.0.2.1');
    await fail(10);
  });

  it('A5 takes the addresses that one IPv6 network has for one, and a mapped address for what it maps', async () => {
    for (let i = 0; i < 10; i++) await fail(1, undefined, `2001:db8:0:1::${i + 1}`);
    expect(await attempt(undefined, '2001:db8::1:0:0:0:ffff')).toBeGreaterThan(0);
    expect(await attempt(undefined, '2001:db8:0:2::1')).toBe(0);
    await fail(10, 'b@example.com', '::ffff:192.0.2.9');
    expect(await attempt('b@example.com', '192.0.2.9')).toBeGreaterThan(0);
  });
});

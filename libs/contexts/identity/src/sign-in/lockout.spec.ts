import { InProcessCounters } from '@strongroom/locking';
import { Lockout } from './lockout.js';

describe('the lockout after wrong passwords', () => {
  let clock: number;
  let lockout: Lockout;
  const fail = async (times: number, account = 'a@example.com', address = '192.0.2.1') => {
    for (let i = 0; i < times; i++) await lockout.failed(account, address);
  };

  beforeEach(() => {
    clock = 1_000_000;
    lockout = new Lockout(new InProcessCounters(() => clock));
  });

  it('A5 makes wait from the tenth failure on, a minute doubling to fifteen', async () => {
    await fail(9);
    expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
    const waits = [60, 120, 240, 480, 900, 900];
    for (const seconds of waits) {
      await fail(1);
      expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(seconds);
    }
    clock += 899_001;
    expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(1);
    clock += 999;
    expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
    await fail(1);
    expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(900);
  });

  it('A5 begins anew a day after the last failure', async () => {
    await fail(20);
    clock += 24 * 60 * 60_000;
    await fail(9);
    expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
  });

  it('A5 stops the attacker’s address and not the owner’s', async () => {
    await fail(20);
    expect(await lockout.wait('A@example.com ', '192.0.2.1')).toBeGreaterThan(0);
    expect(await lockout.wait('a@example.com', '198.51.100.7')).toBe(0);
  });

  it('A5 stops an address that tries many accounts', async () => {
    for (let i = 0; i < 100; i++) await fail(1, `person${i}@example.com`);
    expect(await lockout.wait('new@example.com', '192.0.2.1')).toBe(600);
    clock += 600_000;
    expect(await lockout.wait('new@example.com', '192.0.2.1')).toBe(0);
  });

  it('forgets the failures of who signs in', async () => {
    await fail(9);
    await lockout.succeeded('a@example.com', '192.0.2.1');
    await fail(1);
    expect(await lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
  });
});

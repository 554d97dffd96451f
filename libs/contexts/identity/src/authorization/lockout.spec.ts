import { Lockout } from './lockout.js';

describe('the lockout after wrong passwords', () => {
  let clock: number;
  let lockout: Lockout;
  const fail = (times: number, account = 'a@example.com', address = '192.0.2.1') => {
    for (let i = 0; i < times; i++) lockout.failed(account, address);
  };

  beforeEach(() => {
    clock = 1_000_000;
    lockout = new Lockout(() => clock);
  });

  it('A5 makes wait from the tenth failure on, a minute doubling to fifteen', () => {
    fail(9);
    expect(lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
    const waits = [60, 120, 240, 480, 900, 900];
    for (const seconds of waits) {
      fail(1);
      expect(lockout.wait('a@example.com', '192.0.2.1')).toBe(seconds);
    }
    clock += 900_000;
    expect(lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
  });

  it('A5 stops the attacker\u2019s address and not the owner\u2019s', () => {
    fail(20);
    expect(lockout.wait('A@example.com ', '192.0.2.1')).toBeGreaterThan(0);
    expect(lockout.wait('a@example.com', '198.51.100.7')).toBe(0);
  });

  it('A5 stops an address that tries many accounts', () => {
    for (let i = 0; i < 100; i++) fail(1, `person${i}@example.com`);
    expect(lockout.wait('new@example.com', '192.0.2.1')).toBe(600);
    clock += 600_000;
    expect(lockout.wait('new@example.com', '192.0.2.1')).toBe(0);
  });

  it('forgets the failures of who signs in', () => {
    fail(9);
    lockout.succeeded('a@example.com', '192.0.2.1');
    fail(1);
    expect(lockout.wait('a@example.com', '192.0.2.1')).toBe(0);
  });
});

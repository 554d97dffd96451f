import { isUsable } from './lifetime.js';

const now = new Date('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);

describe('a usable token', () => {
  it('has at least the reserve left', () => {
    expect(isUsable({ now, issuedAt: at(-3540), expiresAt: at(60) }, 60)).toBe(true);
    expect(isUsable({ now, issuedAt: at(-3540), expiresAt: at(59) }, 60)).toBe(false);
  });

  it('of a life shorter than the reserve has half of it left', () => {
    expect(isUsable({ now, issuedAt: at(-5), expiresAt: at(5) }, 60)).toBe(true);
    expect(isUsable({ now, issuedAt: at(-6), expiresAt: at(4) }, 60)).toBe(false);
  });

  it('never ends', () => {
    expect(isUsable({ now, issuedAt: at(-1e9), expiresAt: null }, 600)).toBe(true);
  });
});

import { TokensetsSettings } from './tokensets.options.js';

describe('settings of a refresh', () => {
  it('I7 keep takeover longer than a strict lease, and that longer than the send', () => {
    const settings = new TokensetsSettings();
    expect(settings.strictTakeoverSeconds).toBeGreaterThan(settings.leaseSeconds('strict'));
    expect(settings.leaseSeconds('strict')).toBeGreaterThan(settings.refreshTimeoutMs / 1000);
    expect(settings.leaseSeconds('grace')).toBe(5);
  });
});

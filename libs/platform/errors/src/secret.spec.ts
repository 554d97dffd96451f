import { format, inspect } from 'node:util';
import { Secret } from './secret.js';

describe('Secret', () => {
  const secret = new Secret('cnry_hidden');

  it('shows itself to nobody who prints it', () => {
    const printed = [
      `${secret.toString()}`,
      JSON.stringify({ secret }),
      inspect({ secret }),
      format('%s %o', secret, secret),
    ];
    for (const text of printed) {
      expect(text).toContain('[secret]');
      expect(text).not.toContain('cnry_hidden');
    }
  });

  it('gives its value to who asks by name', () => {
    expect(secret.reveal()).toBe('cnry_hidden');
  });
});

import { plainAddress, trustOf } from './sender.js';

describe('Whom the server believes about a client', () => {
  const trusts = trustOf(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);

  it.each(['10.1.2.3', '::ffff:10.1.2.3', '::FFFF:192.0.2.7', '2001:db8::1'])('S5 %s is on the list', (address) => {
    expect(trusts(address)).toBe(true);
  });

  it.each(['11.0.0.1', '192.0.2.8', '::ffff:11.0.0.1', '2001:db9::1', 'unknown', '10.1.2.3, 10.1.2.4', '', undefined])(
    'S5 %s is not',
    (address) => {
      expect(trusts(address)).toBe(false);
    },
  );

  it('S5 is nobody where nobody is named', () => {
    expect(trustOf([])('127.0.0.1')).toBe(false);
  });

  it.each(['loopback', '10.0.0.0/33', '10.0.0.0/255.0.0.0', '10.0.0', '::1/129', '10.0.0.0/'])(
    'refuses a list with %s, which would be misread',
    (entry) => {
      expect(() => trustOf(['10.0.0.1', entry])).toThrow(entry);
    },
  );

  it('writes an IPv4 address in one way', () => {
    expect(['::ffff:10.0.0.1', '10.0.0.1', '::1'].map(plainAddress)).toEqual(['10.0.0.1', '10.0.0.1', '::1']);
  });
});

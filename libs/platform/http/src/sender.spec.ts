import { plainAddress, trustOf } from './sender.js';

describe('Whom the server believes about a client', () => {
  const trusts = trustOf(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);

  it.each(['10.1.2.3', '10.1.2.3:80', '::ffff:10.1.2.3', '::FFFF:192.0.2.7', '2001:db8::1', '[2001:db8::1]:80'])(
    'S5 %s is on the list',
    (address) => {
      expect(trusts(address)).toBe(true);
    },
  );

  it.each([
    '11.0.0.1',
    '192.0.2.8',
    '::ffff:11.0.0.1',
    '2001:db9::1',
    'unknown',
    '10.1.2.3, 10.1.2.4',
    '[10.1.2.3',
    '10.1.2.3:x',
    '',
    undefined,
  ])('S5 %s is not', (address) => {
    expect(trusts(address)).toBe(false);
  });

  it('S5 is nobody where nobody is named', () => {
    expect(trustOf([])('127.0.0.1')).toBe(false);
  });

  it.each(['loopback', '10.0.0.0/33', '10.0.0.0/255.0.0.0', '10.0.0', '::1/129', '10.0.0.0/'])(
    'refuses a list with %s, which would be misread',
    (entry) => {
      expect(() => trustOf(['10.0.0.1', entry])).toThrow(entry);
    },
  );

  it('writes an address in one way', () => {
    const written = ['::ffff:10.0.0.1', '10.0.0.1', '::1', 'fe80::1%eth0'].map(plainAddress);
    expect(written).toEqual(['10.0.0.1', '10.0.0.1', '::1', 'fe80::1']);
  });

  it.each([
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:4711', '192.0.2.1'],
    ['2001:db8::1:4711', '2001:db8::1:4711'],
  ])('PW-05 the port that a proxy writes beside it is none of %s', (written, address) => {
    expect(plainAddress(written)).toBe(address);
  });
});
